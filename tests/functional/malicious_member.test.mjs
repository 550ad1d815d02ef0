// One of four members runs a program that lies under its own good keys: it tells different peers
// different things, keeps things to itself and repeats what is old (tests/malicious). The others go
// on, agree, and lose nothing; they prove its lies to the ledger, which punishes each lie once, and
// nobody else.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { createPublicClient, http } from "viem";
import { find_binary } from "./lib/binary.mjs";
import { check_everything, wait_for_height } from "./lib/check.mjs";
import { Cluster, ether, few, has_stakes, is_bft } from "./lib/cluster.mjs";
import { faults_abi, faults_address, staking_abi, staking_address } from "./lib/contracts.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import { member_ids } from "./lib/operators.mjs";
import { until } from "./lib/wait.mjs";

const senders = 16;
const epoch_blocks = 48;
const slashed_per_mille = 50n; // genesis' default

function malicious_program() {
    const program = path.join(path.dirname(find_binary()), "holdfast_malicious");
    assert.ok(existsSync(program), `${program} is missing: build the target holdfast_malicious`);
    return program;
}

/** What the liar has done by now, by its own account: { contradicted, withheld, replayed }. */
async function lies_of(node) {
    const { note } = (await node.status()).agreement;
    const found = [...note.matchAll(/(contradicted|withheld|replayed) (\d+)/g)];
    return Object.fromEntries(found.map(([, what, count]) => [what, Number(count)]));
}

/** Each lie that was proven has its consequence once, all of them are the liar's. */
async function check_justice(cluster, liar, honest, block) {
    const url = `http://127.0.0.1:${honest[0].rpc_port}`;
    const client = createPublicClient({ transport: http(url) });
    const blockNumber = BigInt(block);
    const read = (address, abi, functionName, { id }) =>
        client.readContract({ address, abi, functionName, args: [BigInt(id)], blockNumber });
    const proofs = await client.getLogs({
        address: faults_address,
        event: faults_abi.find((item) => item.name === "Guilty"),
        fromBlock: 0n,
        toBlock: blockNumber,
    });
    const accusers = honest.map((node) => account_of(cluster, node));
    for (const [index, { args }] of proofs.entries()) {
        assert.equal(Number(args.id), liar.id, "an honest member was found guilty");
        assert.ok(accusers.includes(args.accuser.toLowerCase()), args.accuser);
        assert.equal(Number(args.guilts), index + 1);
    }
    const views = new Set(proofs.map(({ args }) => `${args.epoch}.${args.inView}`));
    assert.equal(views.size, proofs.length, "one lie was punished twice");
    for (const node of cluster.nodes) {
        const guilts = await read(faults_address, faults_abi, "guilts", node);
        assert.equal(Number(guilts), node === liar ? views.size : 0);
    }
    for (const { transactionHash } of proofs) {
        const { from, to, input } = await client.getTransaction({ hash: transactionHash });
        await assert.rejects(
            client.call({ account: from, to, data: input }),
            /proven before/,
            "the same proof again",
        );
    }
    for (const node of has_stakes ? cluster.nodes : []) {
        const candidate = await read(staking_address, staking_abi, "candidate", node);
        const slashes = node === liar ? views.size : 0;
        let left = ether(1); // genesis' default for a weight of 1
        for (let count = 0; count < slashes; count++) left -= (left * slashed_per_mille) / 1000n;
        assert.equal(candidate.stake, left, `stake of ${node.id} after ${slashes} slashes`);
        assert.equal(candidate.jailed, slashes > 0);
        assert.equal(candidate.tombstoned, slashes > 1);
    }
    return views.size;
}
function account_of(cluster, node) {
    const members = cluster.genesis.holdfast.members;
    return members.find(({ id }) => Number(id) === node.id).account.toLowerCase();
}

const skip = is_bft ? false : "lies are out of reach of this engine";
describe("a member that lies", { skip }, () => {
    it("is found out and put out by the others, who go on", async (t) => {
        const guilty = few;
        const cluster = await Cluster.create(t, {
            nodes: few,
            alloc: load_alloc(senders),
            init: ["--epoch-blocks", epoch_blocks],
            configure: (node) => {
                if (node.id === guilty) node.program = malicious_program();
                else node.set_config("", "report_key", "keys/operator.key");
            },
        });
        cluster.also_watch(all_recipients);
        const liar = cluster.node(guilty);
        const honest = cluster.nodes.filter((node) => node !== liar);
        const load = new Load({ cluster, senders, nodes: () => honest }).start();
        await until(
            "the liar to be out",
            async () => !(await member_ids(honest[0])).includes(liar.id),
            { within: 120_000 },
        );
        await load.more(200);
        const lies = await lies_of(liar);
        for (const what of ["contradicted", "withheld", "replayed"])
            assert.ok(lies[what] > 0, `the liar has not ${what} anything`);
        await load.stop();

        const head = await wait_for_height(honest, await honest[0].height());
        const punished = await check_justice(cluster, liar, honest, head);
        assert.ok(punished > 0);
        assert.deepEqual(
            await member_ids(honest[0]),
            honest.map(({ id }) => id),
        );
        for (const node of honest) {
            assert.equal((await node.status()).agreement.note, "");
            for (const [, id] of node.log_text().matchAll(/member (\d+) contradicts itself/g))
                assert.equal(Number(id), liar.id, "an honest member was accused");
        }
        await liar.stop();
        cluster.nodes = honest;
        const { acknowledged } = await check_everything(cluster, [load]);
        t.diagnostic(
            `${JSON.stringify(lies)}; ${punished} lies punished, in ${head} blocks;` +
                ` ${acknowledged} transfers acknowledged, none lost`,
        );
    });
});
