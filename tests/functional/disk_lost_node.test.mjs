// A disk that is gone. A node without its journal cannot know what it promised: it refuses to
// start, names the repair, does not vote as a newborn after it, and is a full voter again in the
// end.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { check_everything, wait_for_height } from "./lib/check.mjs";
import { Cluster, few, is_bft, is_voter, voter_again } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import { pause, until } from "./lib/wait.mjs";

const senders = 16;
const bad_data_exit = 4;
const elections_milliseconds = 4_000;

export async function start_cluster(t, options = {}) {
    const cluster = await Cluster.create(t, { nodes: few, alloc: load_alloc(senders), ...options });
    cluster.also_watch(all_recipients);
    const load = new Load({ cluster, senders }).start();
    await load.more(200);
    return { cluster, load };
}

describe("a lost disk", () => {
    for (const what of ["data", "data/journal"]) {
        it(`${what} wiped: refuses, rejoins, votes again`, async (t) => {
            const { cluster, load } = await start_cluster(t);
            const node = cluster.node(2);
            await node.kill();
            rmSync(path.join(node.folder, what), { recursive: true });
            const refusal = await node.start_refused();
            assert.equal(refusal.code, bad_data_exit, refusal.text);
            assert.match(refusal.text, /init --rejoin/);
            await load.more(100);

            const repaired = await cluster.rejoin(node);
            assert.equal(repaired.code, 0, repaired.error_out);
            assert.notEqual(
                (await cluster.rejoin(node)).code,
                0,
                "a second rejoin must find nothing to do",
            );
            await node.start();
            await load.more(100);
            await voter_again(node);
            // Its vote counts: with another one gone, the rest of them are just a quorum.
            const gone = cluster.node(1);
            await gone.kill();
            await load.more(200);
            await gone.start();
            await load.stop();
            await check_everything(cluster, [load]);
        });
    }

    // Where a quorum is more than two thirds, the two of them are none, stale or not.
    const skip = is_bft && "two of four decide nothing";
    it("a node that rejoins does not help a stale one to power", { skip }, async (t) => {
        const { cluster, load } = await start_cluster(t);
        const [keeper, loser, stale] = cluster.nodes;
        await stale.kill();
        await load.more(200); // keeper and loser alone have these
        await load.stop();
        await Promise.all([keeper.kill(), loser.kill()]);
        rmSync(loser.data, { recursive: true });
        assert.equal((await cluster.rejoin(loser)).code, 0);
        // A newborn's vote would make `stale` the leader, and what is acknowledged would be lost.
        await Promise.all([loser.start(), stale.start()]);
        await until("the stale one to execute what its own journal tells", async () => {
            const { head, agreement } = await stale.status();
            return head.number === agreement.final;
        });
        const stale_height = await stale.height();
        await pause(elections_milliseconds);
        for (const node of [loser, stale])
            assert.notEqual((await node.status()).agreement.role, "leader", "a stale node leads");
        assert.equal(
            await stale.height(),
            stale_height,
            "a block without a majority that remembers",
        );
        await keeper.start();
        await cluster.wait_leader();
        await voter_again(loser);
        await check_everything(cluster, [load]);
    });

    it("all but one lost: the last one holds what was acknowledged", async (t) => {
        const { cluster, load } = await start_cluster(t);
        await load.stop();
        const head = Math.max(...(await Promise.all(cluster.nodes.map((node) => node.height()))));
        await wait_for_height(cluster.nodes, head);
        await cluster.stop();
        rmSync(cluster.node(3).data, { recursive: true });
        assert.equal((await cluster.rejoin(cluster.node(3))).code, 0);
        await cluster.start();
        await until(
            "all to vote",
            async () => (await Promise.all(cluster.nodes.map(is_voter))).every(Boolean),
            { within: 60_000 },
        );
        await check_everything(cluster, [load]);
    });
});
