// viem, unmodified, as a developer uses it: transfers, confirmations, balances, blocks, fees,
// proofs and the typed errors that its users catch.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
    createPublicClient,
    createWalletClient,
    defineChain,
    http,
    InsufficientFundsError,
    keccak256,
    NonceTooLowError,
    parseEther,
    parseGwei,
    toHex,
    webSocket,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { Cluster, few } from "./lib/cluster.mjs";
import { validators_address } from "./lib/contracts.mjs";
import { check_account_proof } from "./lib/trie_proof.mjs";
import { within } from "./lib/wait.mjs";

const account = privateKeyToAccount(keccak256(toHex("viem user")));
const nobody = () => privateKeyToAccount(generatePrivateKey()).address;

describe("viem", () => {
    let cluster, chain, reader, wallet;

    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, { nodes: few, alloc: [[account.address, 1_000]] });
        const url = (node, scheme) => `${scheme}://127.0.0.1:${node.rpc_port}`;
        chain = defineChain({
            id: cluster.chain_id,
            name: "Holdfast",
            nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
            rpcUrls: {
                default: {
                    http: [url(cluster.node(1), "http")],
                    webSocket: [url(cluster.node(1), "ws")],
                },
            },
        });
        reader = createPublicClient({ chain, transport: http(), pollingInterval: 50 });
        wallet = createWalletClient({ chain, account, transport: http() });
    });

    it("knows the chain", async () => {
        assert.equal(await reader.getChainId(), cluster.chain_id);
        assert.equal(await reader.getBalance({ address: account.address }), parseEther("1000"));
        assert.equal(await reader.getCode({ address: account.address }), undefined);
    });

    it("sends a transfer and waits for its receipt, confirmed three times", async () => {
        const to = nobody();
        const hash = await wallet.sendTransaction({ to, value: parseEther("1.5") });
        const receipt = await reader.waitForTransactionReceipt({ hash, confirmations: 3 });
        assert.equal(receipt.status, "success");
        assert.equal(receipt.gasUsed, 21_000n);
        assert.equal(receipt.from.toLowerCase(), account.address.toLowerCase());
        assert.equal(await reader.getBalance({ address: to }), parseEther("1.5"));
        const transaction = await reader.getTransaction({ hash });
        assert.equal(transaction.blockHash, receipt.blockHash);
        assert.equal((await reader.getTransactionConfirmations({ hash })) >= 3n, true);
        const block = await reader.getBlock({
            blockHash: receipt.blockHash,
            includeTransactions: true,
        });
        assert.equal(block.transactions[receipt.transactionIndex].hash, hash);
    });

    for (const type of ["legacy", "eip2930", "eip1559"]) {
        it(`sends a transaction of type ${type}`, async () => {
            const price = type === "eip1559" ? {} : { gasPrice: parseGwei("5") };
            const hash = await wallet.sendTransaction({ to: nobody(), value: 1n, type, ...price });
            const receipt = await reader.waitForTransactionReceipt({ hash });
            assert.equal(receipt.type, type);
        });
    }

    it("sends many at once from one account, in order", async () => {
        const from = await reader.getTransactionCount({ address: account.address });
        const to = nobody();
        const hashes = await Promise.all(
            Array.from({ length: 20 }, (_, index) =>
                wallet.sendTransaction({ to, value: 1n, nonce: from + index, gas: 21_000n }),
            ),
        );
        await Promise.all(hashes.map((hash) => reader.waitForTransactionReceipt({ hash })));
        assert.equal(await reader.getBalance({ address: to }), 20n);
        assert.equal(await reader.getTransactionCount({ address: account.address }), from + 20);
    });

    it("estimates fees and gas that suffice, and pays what it says", async () => {
        const fees = await reader.estimateFeesPerGas();
        const block = await reader.getBlock();
        assert.ok(fees.maxFeePerGas >= block.baseFeePerGas);
        const to = nobody();
        const gas = await reader.estimateGas({ account, to, value: 1n });
        assert.equal(gas, 21_000n);
        const before_sending = await reader.getBalance({ address: account.address });
        const hash = await wallet.sendTransaction({ to, value: 7n, ...fees, gas });
        const receipt = await reader.waitForTransactionReceipt({ hash });
        const after = await reader.getBalance({ address: account.address });
        assert.equal(before_sending - after, 7n + receipt.gasUsed * receipt.effectiveGasPrice);
        const history = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [10, 90] });
        assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
    });

    it("watches blocks by polling and by WebSocket, without a gap", async () => {
        for (const transport of [http(), webSocket()]) {
            const client = createPublicClient({ chain, transport, pollingInterval: 50 });
            const numbers = [];
            await within(
                20_000,
                "four blocks",
                new Promise((resolve, reject) => {
                    const stop = client.watchBlockNumber({
                        emitMissed: true,
                        onError: reject,
                        onBlockNumber: (number) => {
                            numbers.push(number);
                            if (numbers.length === 4) resolve(stop());
                        },
                    });
                }),
            );
            for (const [index, number] of numbers.entries())
                if (index > 0) assert.equal(number, numbers[index - 1] + 1n, String(numbers));
            await (await client.transport.getRpcClient?.())?.close();
        }
    });

    it("gets a proof of an account that holds against the header, and one of absence", async () => {
        const addresses = [account.address, nobody(), cluster.genesis.holdfast.members[0].account];
        for (const address of addresses) {
            const block = await reader.getBlock();
            const proof = await reader.request({
                method: "eth_getProof",
                params: [address, [], toHex(block.number)],
            });
            check_account_proof({ ...proof, address }, block.stateRoot);
            const forged = { ...proof, address, balance: toHex(BigInt(proof.balance) + 1n) };
            assert.throws(() => check_account_proof(forged, block.stateRoot));
        }
    });

    it("proves a slot of the validators contract", async () => {
        const contract = validators_address;
        const block = await reader.getBlock();
        const slots = [0n, 1n, 2n, 3n].map((slot) => toHex(slot, { size: 32 }));
        const proof = await reader.request({
            method: "eth_getProof",
            params: [contract, slots, toHex(block.number)],
        });
        check_account_proof({ ...proof, address: contract }, block.stateRoot);
        assert.ok(
            proof.storageProof.some(({ value }) => BigInt(value) !== 0n),
            "these slots are empty",
        );
    });

    it("throws the typed errors that programs catch", async () => {
        await assert.rejects(
            wallet.sendTransaction({ to: nobody(), value: 1n, nonce: 0, gas: 21_000n }),
            (error) => error.walk((cause) => cause instanceof NonceTooLowError) !== null,
        );
        await assert.rejects(
            wallet.sendTransaction({ to: nobody(), value: parseEther("1000000"), gas: 21_000n }),
            (error) => error.walk((cause) => cause instanceof InsufficientFundsError) !== null,
        );
        await assert.rejects(reader.getTransactionReceipt({ hash: keccak256("0x77") }), {
            name: "TransactionReceiptNotFoundError",
        });
    });

    it("reads what it wrote on another node, once that node is asked linearizably", async () => {
        const to = nobody();
        const hash = await wallet.sendTransaction({ to, value: 5n });
        await reader.waitForTransactionReceipt({ hash });
        for (const node of cluster.nodes)
            assert.equal(BigInt(await node.linearizable("eth_getBalance", [to, "latest"])), 5n);
    });
});
