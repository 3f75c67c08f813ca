// The announcing process. It has the network and nothing else: no file but its own code, no environment, no secret. It is
// told everything in its one argument, and ends when its standard input does.
import ciao from "@homebridge/ciao";
import type { Announcement } from "./announcement.ts";

const { name, hostName, port, txt, interfaces } = JSON.parse(process.argv[2] ?? "{}") as Announcement;
const responder = ciao.getResponder({ interface: [...interfaces] });
const service = responder.createService({ name, type: "openclaw-gw", hostname: hostName, port, txt: { ...txt } });

/** Takes the announcement back, so that nobody looks for a gateway that has gone. */
process.stdin.on("end", () => void responder.shutdown().then(() => process.exit(0)));
process.stdin.resume();
await service.advertise();
process.stdout.write("announced\n");
