// Node's `ws` against /echo; prints a verdict for each case.
//
//   node echo.cjs URL echo none|deflate|narrow    exchange messages, then close
//   node echo.cjs URL wait                        wait to be closed
"use strict";

const { once } = require("node:events");
const WebSocket = require("ws");

const OFFERS = {
  none: false,
  deflate: true,
  narrow: { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
};

const UNIT = "für 世界 🌍"; // 16 bytes
// The second piece is empty, and the others begin inside a character.
const CUTS = [0, 2, 2, 7778];

function noise(length) {
  const bytes = Buffer.alloc(length);
  let state = 6455;
  for (let i = 0; i < length; i++) {
    // Xorshift (Marsaglia 2003).
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

function* messages() {
  yield ["ASCII", "Hello, world"];
  yield ["non-ASCII", UNIT];
  yield ["empty", ""];
  yield ["bytes", Buffer.from([...Array(256).keys()])];
  yield ["16 MiB of noise", noise(16 << 20)];
  yield ["16 MiB of text", UNIT.repeat(1 << 20)];
}

const say = (line) => console.log("verdict " + line);

async function judge(name, sent, echo) {
  const [received, isBinary] = await echo;
  const isSame = isBinary === Buffer.isBuffer(sent) && received.equals(Buffer.from(sent));
  say(`${name}: ${isSame ? "ok" : `not what was sent: ${received.length} bytes, binary: ${isBinary}`}`);
}

async function whole(ws, name, message) {
  const echo = once(ws, "message");
  ws.send(message);
  await judge(name, message, echo);
}

async function fragmented(ws, name, message) {
  const [echo, pong] = [once(ws, "message"), once(ws, "pong")];
  const bytes = Buffer.from(message);
  CUTS.forEach((start, i) => {
    const fin = i + 1 === CUTS.length;
    ws.send(bytes.subarray(start, CUTS[i + 1]), { binary: Buffer.isBuffer(message), fin });
    if (i === 0) ws.ping("between");
  });
  await judge(name, message, echo);
  const [payload] = await pong;
  if (payload.toString() !== "between") say(`pong: ${payload}`);
}

async function exchange(ws) {
  for (const [name, message] of messages()) await whole(ws, name, message);
  await fragmented(ws, "fragmented text", UNIT.repeat(1000));
  await fragmented(ws, "fragmented bytes", noise(16000));
  ws.close(1000, "done");
}

const [url, task, offer = "none"] = process.argv.slice(2);
const ws = new WebSocket(url, { perMessageDeflate: OFFERS[offer] });
ws.on("close", (code) => say(`closed ${code}`));
if (task === "echo") {
  ws.on("upgrade", ({ headers }) => say(`agreed ${headers["sec-websocket-extensions"] ?? "none"}`));
  ws.on("open", () => exchange(ws));
}
