// Memory of all processes together: after a minute of idling, and after a thousand turns.
import { configFor, figure, memoryMb, removeHome, startGateway, startInstantModel, turn } from "./harness.ts";

const idleMs = 60_000;
const turns = 1_000;
const sessions = 8;

const model = await startInstantModel();
const gateway = await startGateway({ config: configFor(model.baseUrl) });
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
