// Disks that lie, break or are full: a byte flipped in the journal, a cut on either side of its
// mark, an fdatasync that fails, no room. The node says what is wrong and stops or repairs itself
// from the others; these go on; in the end all hold the same and every store is sound.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
    mkdirSync,
    readdirSync,
    readFileSync,
    rmSync,
    statfsSync,
    statSync,
    truncateSync,
    writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { check_everything } from "./lib/check.mjs";
import { Cluster, few, voter_again } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc, sender, sign_transfer } from "./lib/load.mjs";
import { within } from "./lib/wait.mjs";

const senders = 16;
const megabyte = 1024 * 1024;

async function start_cluster(t, options = {}) {
    const cluster = await Cluster.create(t, {
        nodes: few,
        alloc: load_alloc(senders + 4),
        ...options,
    });
    cluster.also_watch(all_recipients);
    const load = new Load({ cluster, senders }).start();
    await load.more(300);
    return { cluster, load };
}

/**
 * The newest journal file and how much of it is in use: files may be longer than what is written.
 */
function newest_segment(node) {
    const folder = path.join(node.data, "journal");
    const name = readdirSync(folder)
        .filter((file) => file.endsWith(".journal"))
        .sort()
        .at(-1);
    const file = path.join(folder, name);
    const bytes = readFileSync(file);
    let used = bytes.length;
    while (used > 0 && bytes[used - 1] === 0) used--;
    return { file, bytes, used };
}

/** The node comes back on a damaged journal: never silently, and whole in the end. */
async function check_repair(cluster, load, node) {
    node.spawn();
    const exit = await Promise.race([node.exit, node.wait_answering().then(() => null)]);
    if (exit) {
        // it refused: then its line names the repair, and the repair works
        assert.match(node.last_run(), /init --rejoin/);
        assert.equal((await cluster.rejoin(node)).code, 0);
        await node.start();
    }
    assert.match(node.log_text(), /damaged|rejoin/i, "nothing was said about the damage");
    await load.more(100);
    await voter_again(node);
    await load.stop();
    await check_everything(cluster, [load]);
}

describe("a damaged journal", () => {
    it("a byte flipped in the middle", async (t) => {
        const { cluster, load } = await start_cluster(t);
        const node = cluster.node(3);
        await node.kill();
        const { file, bytes, used } = newest_segment(node);
        bytes[Math.floor(used / 2)] ^= 0x40;
        writeFileSync(file, bytes);
        await check_repair(cluster, load, node);
    });

    it("cut below the mark: what it promised is gone", async (t) => {
        const { cluster, load } = await start_cluster(t);
        const node = cluster.node(3);
        await node.stop(); // the mark stands at the end
        const { file, used } = newest_segment(node);
        truncateSync(file, Math.floor(used / 2));
        await check_repair(cluster, load, node);
    });

    it("garbage beyond the mark, as a torn write leaves it: dropped, nothing lost", async (t) => {
        const { cluster, load } = await start_cluster(t);
        const node = cluster.node(3);
        await node.stop();
        const { file, bytes, used } = newest_segment(node);
        const torn = Buffer.alloc(1_000, 0x5a);
        torn.writeUInt32LE(900, 0); // a record that promises more than there is
        const end = Math.ceil(used / 8) * 8;
        writeFileSync(
            file,
            Buffer.concat([
                bytes.subarray(0, end),
                Buffer.alloc(end - Math.min(end, bytes.length)),
                torn,
            ]),
        );
        await node.start();
        await load.more(100);
        await voter_again(node);
        assert.doesNotMatch(node.last_run(), /quarantine/);
        await load.stop();
        await check_everything(cluster, [load]);
    });

    it("the mark itself gone", async (t) => {
        const { cluster, load } = await start_cluster(t);
        const node = cluster.node(3);
        await node.kill();
        rmSync(path.join(node.data, "journal", "mark"));
        node.spawn();
        const exit = await Promise.race([node.exit, node.wait_answering().then(() => null)]);
        if (exit) {
            assert.match(node.last_run(), /init --rejoin/);
            assert.equal((await cluster.rejoin(node, "--discard")).code, 0);
            await node.start();
        }
        await load.more(100);
        await voter_again(node);
        await load.stop();
        await check_everything(cluster, [load]);
    });
});

const has_strace = spawnSync("strace", ["-V"]).status === 0;
describe("a failing disk", { skip: has_strace ? false : "strace is not installed" }, () => {
    it("fdatasync gives EIO: the node stops at once, is never wrong, and restarts", async (t) => {
        const { cluster, load } = await start_cluster(t);
        for (const victim of [await cluster.wait_leader(), cluster.node(2)]) {
            await victim.stop();
            victim.spawn({
                under: [
                    "strace",
                    "-f",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "--seccomp-bpf",
                    "-e",
                    "trace=fdatasync",
                    "-e",
                    "inject=fdatasync:error=EIO:when=40+",
                ],
            });
            const exit = await within(60_000, "the node to stop", victim.exit);
            assert.notEqual(exit.code, 0, "it went on after a failed sync");
            assert.match(victim.last_run(), /sync|Input\/output error|EIO/i);
            await load.more(200);
            await victim.start();
            await voter_again(victim);
        }
        await load.stop();
        await check_everything(cluster, [load]);
    });
});

const is_root = process.getuid?.() === 0;
describe("a full disk", { skip: is_root ? false : "mounting needs root" }, () => {
    it("the node stops and says so; with room again it catches up", async (t) => {
        const mounts = [];
        t.after(() => mounts.forEach((folder) => spawnSync("umount", ["-l", folder])));
        const { cluster, load } = await start_cluster(t, {
            configure: (node) => {
                if (node.id !== 3) return;
                const folder = path.join(node.folder, "small");
                mkdirSync(folder);
                execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", folder]);
                mounts.push(folder);
                execFileSync("cp", ["-a", node.data, folder]);
                node.set_config("", "data", "small/data");
            },
        });
        const node = cluster.node(3);
        const [folder] = mounts;
        const { bavail, bsize } = statfsSync(folder);
        const ballast = path.join(folder, "ballast");
        writeFileSync(ballast, Buffer.alloc(Math.max(bavail * bsize - 3 * megabyte, 0), 1));
        assert.ok(statSync(ballast).size > 0);
        await fill(cluster, node);
        const exit = await within(60_000, "the node to stop", node.exit);
        assert.notEqual(exit.code, 0);
        assert.match(node.last_run(), /space/i);
        await load.more(200);

        rmSync(ballast);
        await node.start();
        await voter_again(node);
        await load.stop();
        await check_everything(cluster, [load], { only_transfers: false });
    });

    /** Big transactions until the node is full and gone. */
    async function fill(cluster, node) {
        const others = cluster.nodes.filter((other) => other !== node);
        const account = sender(senders);
        const data = `0x${"00".repeat(100_000)}`;
        for (let nonce = 0; node.is_running && nonce < 400; nonce++) {
            const raw = await sign_transfer(account, cluster.chain_id, nonce, {
                to: account.address,
                data,
                gas: 1_100_000n,
            });
            await others[nonce % 2].rpc.call("eth_sendRawTransactionSync", [raw]);
        }
    }
});
