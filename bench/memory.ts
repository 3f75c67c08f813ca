// Memory of all processes together: after a minute of idling, and after a thousand turns. The code is compiled ahead, as
// `lorica up` does it: a process that stripped types itself keeps what it did that with.
import {
  compileAhead,
  configFor,
  createHome,
  figure,
  memoryMb,
  removeHome,
  startGateway,
  startInstantModel,
  turn,
} from "./harness.ts";

const idleMs = 60_000;
const turns = 1_000;
const sessions = 8;

const model = await startInstantModel();
const home = createHome();
compileAhead(home);
const gateway = await startGateway({ home, config: configFor(model.baseUrl) });
await new Promise((done) => setTimeout(done, idleMs));
figure("memory (PSS of all processes), idle for 60 s", [memoryMb(gateway.pid), "MB"], { atMost: 150 });
for (let done = 0; done < turns; done += sessions) {
  const batch = Array.from({ length: sessions }, (_, session) => turn(gateway, `bench-${session}`, `message ${done}`));
  await Promise.all(batch);
}
figure("memory after 1,000 turns", [memoryMb(gateway.pid), "MB"], { atMost: 200 });
await gateway.stop();
await model.close();
removeHome(gateway.home);
