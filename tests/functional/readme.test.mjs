// Every command of README.md works as it stands there: each line of its shell blocks is either run
// here, with other ports and another folder, or known as one that cannot be run inside a test.
import assert from "node:assert/strict";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { find_binary } from "./lib/binary.mjs";
import { signal_group, spawn_owned } from "./lib/children.mjs";
import { free_port_block } from "./lib/ports.mjs";
import { HttpRpc } from "./lib/rpc.mjs";
import { until } from "./lib/wait.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

function shell_lines(file) {
    const text = readFileSync(path.join(root, file), "utf8");
    return [...text.matchAll(/```sh\n([\s\S]*?)```/g)]
        .flatMap((block) => block[1].split("\n"))
        .map((line) => line.replace(/\s+#.*$/, "").trim())
        .filter(Boolean);
}
const first_screen = ["./run", "./run tour", "./test"];

function run(command, { within = 120_000 } = {}) {
    return new Promise((resolve) => {
        const stdio = ["ignore", "pipe", "pipe"];
        const child = spawn_owned("sh", ["-c", command], { cwd: root, stdio });
        let text = "";
        child.stdout.on("data", (piece) => (text += piece));
        child.stderr.on("data", (piece) => (text += piece));
        const timer = setTimeout(() => signal_group(child, "SIGKILL"), within);
        child.on("close", (code) => {
            clearTimeout(timer);
            resolve({ code, text });
        });
    });
}

describe("the readme", () => {
    it("is about the same commands in both languages", () => {
        assert.deepEqual(shell_lines("README.md"), shell_lines("README.zh-CN.md"));
        assert.deepEqual(shell_lines("README.md").slice(0, 3), first_screen);
        accessSync(path.join(root, "test"), constants.X_OK);
    });

    it("leads to files that exist", () => {
        for (const file of ["README.md", "README.zh-CN.md"])
            for (const [, target] of readFileSync(path.join(root, file), "utf8").matchAll(
                /\]\(([^)#:]+)\)/g))
                assert.ok(existsSync(path.join(root, target)), `${file}: ${target}`);
    });

    for (const engine of ["bft", "raft"])
        it(`./run tour --engine ${engine}`, { timeout: 300_000 }, async () => {
            const tour = await run(`./run -y tour --engine ${engine}`, { within: 280_000 });
            assert.equal(tour.code, 0, tour.text);
            assert.match(tour.text, /nothing lost, nothing different/);
        });

    describe("./run, and what to try with it", () => {
        let folder, port, child, output = "", ended;
        const others = () =>
            shell_lines("README.md").filter((line) => !first_screen.includes(line));
        // The same command against this test's nodes and folders.
        const here = (line) => line
            .replaceAll("build/release/holdfast", find_binary())
            .replaceAll(/(--cluster )data\b/g, `$1${folder}/data`)
            .replaceAll(/\bledger(?=[ /]|$)/g, `${folder}/ledger`)
            .replaceAll(/--port-base 9000/g, `--port-base ${port + 60}`)
            .replaceAll(/--key dev:0/g, `--key dev:0 --rpc 127.0.0.1:${port}`);

        before(async () => {
            folder = mkdtempSync(path.join(tmpdir(), "holdfast-readme-"));
            port = await free_port_block(90);
            child = spawn_owned("./run",
                                ["-y", "--data", `${folder}/data`, "--port-base", String(port)],
                                { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
            for (const stream of [child.stdout, child.stderr])
                stream.on("data", (piece) => (output += piece));
            ended = new Promise((resolve) => child.on("close", resolve));
            await until("the nodes to run", async () => {
                if (child.exitCode !== null) throw new Error(output);
                return output.includes("Ctrl-C stops all");
            }, { within: 120_000 });
        });
        after(async () => {
            if (child) signal_group(child, "SIGKILL");
            if (folder) rmSync(folder, { recursive: true, force: true });
        });

        it("prints endpoints that answer, and accounts that are funded", async () => {
            assert.equal([...output.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].length, 4);
            const rpc = new HttpRpc(port);
            assert.equal(Number(await rpc.call("eth_chainId")), 31337);
            const accounts = [...output.matchAll(/(0x[0-9a-f]{40}) {2}0x[0-9a-f]{64}/gi)];
            assert.equal(accounts.length, 10);
            for (const [, address] of accounts)
                assert.equal(BigInt(await rpc.call("eth_getBalance", [address, "latest"])),
                             10_000n * 10n ** 18n);
            rpc.close();
        });

        it("each command of the readme succeeds", { timeout: 180_000 }, async () => {
            assert.ok(others().length >= 6);
            for (const line of others()) {
                // A node runs until it is told to stop: `timeout` tells it, and says so by 124.
                const is_node = / node --config /.test(line);
                const command = is_node ? `timeout -s TERM 3 ${here(line)}` : here(line);
                const done = await run(command);
                assert.equal(done.code, is_node ? 124 : 0, `${line}\n${done.text}`);
                // One row a node: id, state, role, then view, leader, head, final and certified.
                if (!/ status /.test(line)) continue;
                const row = /^\S+ +\d+ +running +validator(?: +\d+){5}/gm;
                assert.equal([...done.text.matchAll(row)].length, 4, done.text);
            }
            const config = `${folder}/ledger/node1/config.toml`;
            const audit = await run(`${find_binary()} verify --config ${config}`);
            assert.equal(audit.code, 0, audit.text);
        });

        it("Ctrl-C stops everything cleanly", { timeout: 60_000 }, async () => {
            child.kill("SIGINT");
            assert.equal(await ended, 0, output);
            assert.match(output, /All nodes have stopped; everything is on disk/);
            const config = `${folder}/data/node2/config.toml`;
            const again = await run(`${find_binary()} verify --config ${config}`);
            assert.equal(again.code, 0, again.text);
        });
    });
});
