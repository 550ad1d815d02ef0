// Who has no seat is not cut off, where seats are by stake: a validator in jail and a standby go on
// following, serve and relay for their clients, and take part again as soon as they have a seat.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createPublicClient, http } from "viem";
import { check_everything, wait_for_height } from "./lib/check.mjs";
import { Cluster, few, has_stakes, policy } from "./lib/cluster.mjs";
import { staking_abi, staking_address } from "./lib/contracts.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import {
    bond,
    bond_more,
    fund_operator,
    member_ids,
    to_be_a_voter,
    unjail,
} from "./lib/operators.mjs";
import { check_account_proof } from "./lib/trie_proof.mjs";
import { until } from "./lib/wait.mjs";

const senders = 3;
/** Who missed more than half of its turns was absent: what genesis has if nobody says otherwise. */
const missed_per_mille = 500;

async function begin(t, epoch_blocks, bft = {}) {
    const cluster = await Cluster.create(t, {
        nodes: few,
        alloc: load_alloc(2 * senders),
        init: ["--epoch-blocks", epoch_blocks],
        bft: { missedPerMille: missed_per_mille, ...bft },
    });
    cluster.also_watch(all_recipients);
    return cluster;
}
const load_on = (cluster, nodes, first_sender = 0) =>
    new Load({ cluster, senders, first_sender, nodes: () => nodes }).start();
const candidate = (node, id) =>
    createPublicClient({ transport: http(`http://127.0.0.1:${node.rpc_port}`) }).readContract({
        address: staking_address,
        abi: staking_abi,
        functionName: "candidate",
        args: [BigInt(id)],
    });
const to_lose_its_seat = (witness, id) =>
    until(
        `node ${id} to lose its seat`,
        async () => !(await member_ids(witness)).includes(id),
        { within: 120_000 },
    );
/** As far as the witness is now, with the certificates but for the newest. */
async function to_follow(node, witness) {
    const goal = await wait_for_height([node], await witness.height());
    await until(
        `certificates on node ${node.id}`,
        async () => (await node.status()).certified >= goal,
    );
}
/** What its clients get: the state, a proof of it, receipts of what they send. */
async function check_service(cluster, node) {
    const status = await node.status();
    assert.equal(status.isMember, false);
    assert.equal(status.agreement.role, "learner");
    const [address] = all_recipients;
    const block = await node.rpc.call("eth_getBlockByNumber", ["latest", false]);
    const proof = await node.rpc.call("eth_getProof", [address, [], block.number]);
    check_account_proof({ ...proof, address }, block.stateRoot);
    await assert.rejects(node.linearizable("eth_getBalance", [address, "latest"]), (error) =>
        error.names("ask a member"),
    );
    const load = load_on(cluster, [node], senders);
    await load.more(40);
    await load.stop();
    return load;
}

const skip = (wanted) => (has_stakes && policy === wanted ? false : "another policy's business");

describe("a validator that was away", { skip: skip("pos") }, () => {
    it("follows from jail, and leaves it by its own node", async (t) => {
        const epoch_blocks = 48;
        const cluster = await begin(t, epoch_blocks);
        const [away, ...others] = [cluster.node(3), ...cluster.nodes.filter(({ id }) => id !== 3)];
        const load = load_on(cluster, others);
        await load.more(100);
        away.pause();
        await to_lose_its_seat(others[0], away.id);
        const { jailed, tombstoned } = await candidate(others[0], away.id);
        assert.deepEqual({ jailed, tombstoned }, { jailed: true, tombstoned: false });
        await load.more(200);

        away.resume();
        await to_follow(away, others[0]);
        await load.more(200);
        await to_follow(away, others[0]);
        const through_it = await check_service(cluster, away);

        // What it missed and how long it sits, it reads from itself.
        const { jailedUntil } = await candidate(away, away.id);
        const free_from = Number(jailedUntil) * epoch_blocks + 1;
        await until("its time to be over", async () => (await away.height()) >= free_from, {
            within: 120_000,
        });
        await unjail(cluster, away);
        await to_be_a_voter(away);
        assert.deepEqual(await member_ids(others[0]), [1, 2, 3, 4]);
        // Without one of the others, its voice is needed.
        await load.stop();
        await others[0].kill();
        const needed = load_on(cluster, [others[1], away], 0);
        await needed.more(100);
        await needed.stop();
        await others[0].start();
        await check_everything(cluster, [load, through_it, needed]);
    });
});

describe("a standby", { skip: skip("dpos") }, () => {
    it("follows, takes the place of a silent delegate and votes", async (t) => {
        // Without a load an epoch lasts as many seconds as it has blocks.
        const cluster = await begin(t, 16, { committeeMax: few });
        const founders = [...cluster.nodes];
        const [first, second] = founders;
        const silent = founders.at(-1);
        const { node: standby, out } = await cluster.join(few + 1);
        await fund_operator(cluster, standby);
        // As much as everybody: of equals the lower id sits.
        await bond(cluster, first, standby, out, 1);
        await standby.start();
        const load = load_on(cluster, founders);
        await load.more(200);
        await to_follow(standby, first);
        assert.deepEqual(await member_ids(first), [1, 2, 3, 4]);
        const through_it = await check_service(cluster, standby);
        await load.stop();

        silent.pause();
        await to_lose_its_seat(first, silent.id);
        assert.deepEqual(await member_ids(first), [1, 2, 3, standby.id]);
        assert.equal((await candidate(first, silent.id)).jailed, false);
        // Of four seats one falls silent: without the standby the other two are no quorum.
        await second.kill();
        // With as many votes as before, the silent one would be back in the next epoch.
        await bond_more(cluster, first, standby, 1);
        const needed = load_on(cluster, [first, standby]);
        await needed.more(100);
        await needed.stop();

        await second.start();
        silent.resume();
        await to_follow(silent, first);
        await check_everything(cluster, [load, through_it, needed]);
    });
});
