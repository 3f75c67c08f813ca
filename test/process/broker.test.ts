// The broker and a gateway that somebody has taken over, on the real kernel.
import { test } from "node:test";
import { runAsUser } from "../faux/broker/as-user.ts";
import { whyNoSandbox } from "../faux/outside/host.ts";

const scenarios = new URL("../faux/broker/scenarios.ts", import.meta.url).href;
const skip = whyNoSandbox() ?? false;

test("the gateway runs confined where bubblewrap works", { skip }, () => runAsUser(scenarios, "confined"));
test(
  "PRV-025 no key and no token is in the gateway's memory, environment or arguments while calls with it succeed",
  { skip },
  () => runAsUser(scenarios, "keyStaysOut"),
);
test("the gateway has no way out but the broker, and sees neither its pid nor its files", { skip }, () =>
  runAsUser(scenarios, "noWayOut"),
);
test("a gateway that asks for other hosts, agents or methods is refused, and no grant works twice", { skip }, () =>
  runAsUser(scenarios, "ceilingHolds"),
);
test("a gateway that is killed or breaks the link's rules is started again, and the broker lives on", { skip }, () =>
  runAsUser(scenarios, "comesBack"),
);
test("GW-052 a gateway that does not stop when asked is killed with everything below it", { skip }, () =>
  runAsUser(scenarios, "stopsInOrder"),
);
test("sockets are the owner's alone", { skip }, () => runAsUser(scenarios, "listensPrivately"));

test("a gateway in an attacker's hands makes no system call that a command may not make", { skip }, () =>
  runAsUser(new URL("../faux/broker/hostile-scenarios.ts", import.meta.url).href, "everyActIsRefused"),
);

const life = new URL("../faux/broker/life-scenarios.ts", import.meta.url).href;

test("where bubblewrap does not work or is missing, the gateway runs without it, and status says so", { skip }, () =>
  runAsUser(life, "unconfined"),
);
test("a taken port, and a program folder that would show a secret, end the start with what to do", { skip }, () =>
  runAsUser(life, "refusesToStart"),
);
test("a gateway that ends while it starts is not waited for, and its last words are in the log", { skip }, () =>
  runAsUser(life, "saysWhyItDidNotStart"),
);
test("GW-052 a broker that is killed takes the gateway and everything below it along", { skip }, () =>
  runAsUser(life, "diesTogether"),
);
test("a gateway that dies again and again ends the broker, and leaves no socket behind", { skip }, () =>
  runAsUser(life, "givesUp"),
);
test("the owner sees the state, rotates the token at once, restarts and stops", { skip }, () =>
  runAsUser(life, "obeysItsOwner"),
);
test("no gateway can make the broker believe that this host has no walls", { skip }, () =>
  runAsUser(life, "isNotTalkedOutOfItsWalls"),
);
test("where bubblewrap has worked once, a gateway is never started without it", { skip }, () =>
  runAsUser(life, "keepsItsWalls"),
);
test("a gateway that is stopped while it starts leaves no process behind", { skip }, () =>
  runAsUser(life, "leavesNothingWhenStoppedEarly"),
);
