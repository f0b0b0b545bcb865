// The module as the page gets it: nothing comes in, bytes go through, and nobody has to trust it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, callBytes, instance, module } from "./host.mjs";

test("the module imports nothing", () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test("the module exports its memory and the four functions of the border", () => {
  const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  for (const name of ["memory", "mpp_alloc", "mpp_free", "mpp_seed", "mpp_call"]) {
    assert.ok(names.has(name), name);
  }
});

test("a question is answered", () => {
  const { json, blobs } = call(instance(), "nik_read", { nik: "1604125203900001", today: "2026-11-22" });
  assert.equal(json.ok.birth_date, "1990-03-12");
  assert.equal(json.ok.sex, "P");
  assert.deepEqual(blobs, []);
});

test("an unknown function and bytes that are no request are refused, and the instance lives on", () => {
  const exports = instance();
  assert.equal(call(exports, "no_such_function", {}).json.error.code, "UNKNOWN_FUNCTION");
  assert.equal(callBytes(exports, new Uint8Array([255, 255, 255, 255])).json.error.code, "BAD_MESSAGE");
  assert.equal(callBytes(exports, new Uint8Array()).json.error.code, "BAD_MESSAGE");
  assert.equal(call(exports, "core_version", {}).json.ok.protocol, 1);
});

test("a ticket is made as a change, and the change reads back as the same ticket", () => {
  const exports = instance();
  const { json, blobs } = issueTicket(exports);
  const [entry] = json.ok.save.entries;
  const read = call(
    exports,
    "document_view",
    { kind: entry.kind, id: entry.document, changes: [{ $b: 0 }] },
    [blobs[entry.change.$b]],
  );
  assert.equal(json.ok.ticket, "A-017");
  assert.equal(read.json.ok.view.ticket, "A-017");
  assert.equal(read.json.ok.view.tracking, json.ok.tracking);
});

test("the seed changes nothing that is stored", () => {
  const [first, second] = [issueTicket(instance()), issueTicket(instance())];
  assert.deepEqual(first.json, second.json);
  assert.deepEqual(first.blobs, second.blobs);
});

function issueTicket(exports) {
  const ctx = {
    session: "11".repeat(16), counter: 0, officer: "rina", device: "A", at: 1_795_305_600,
    save_number: 0, save_previous: null,
  };
  const input = { ctx, day: "22".repeat(16), letter: "A", number: 17, random: { $b: 0 } };
  return call(exports, "ticket_issue", input, [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)]);
}
