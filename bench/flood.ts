// A program of its own that does nothing but connect, say something wrong and go, so that its work is not taken for the
// gateway's. Ends when its input does, and then says how often it came.
import { connect } from "node:net";

const atOnce = 16;
const [, , port = "0"] = process.argv;
const key = "dGhlIHNhbXBsZSBub25jZQ==";
const upgrade = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
let count = 0;
let flooding = true;

function come(): void {
  if (!flooding) return;
  count += 1;
  const socket = connect(Number(port), "127.0.0.1");
  socket.once("connect", () => socket.write(upgrade));
  socket.once("data", () => socket.destroy());
  socket.on("error", () => undefined);
  socket.once("close", come);
}

for (let one = 0; one < atOnce; one++) come();
process.stdin.resume().once("end", () => {
  flooding = false;
  process.stdout.write(`${count}\n`, () => process.exit(0));
});
