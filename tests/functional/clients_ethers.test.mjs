// ethers, unmodified: the same everyday uses as with viem, and its own error codes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { id, JsonRpcProvider, parseEther, Wallet, WebSocketProvider } from "ethers";
import { Cluster } from "./lib/cluster.mjs";
import { within } from "./lib/wait.mjs";

const key = id("ethers user");
const nobody = () => Wallet.createRandom().address;

describe("ethers", () => {
    let cluster, provider, socket, wallet;

    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, {
            nodes: 1,
            alloc: [[new Wallet(key).address, 1_000]],
        });
        const port = cluster.node(1).rpc_port;
        provider = new JsonRpcProvider(`http://127.0.0.1:${port}`, undefined, {
            pollingInterval: 50,
        });
        socket = new WebSocketProvider(`ws://127.0.0.1:${port}`);
        wallet = new Wallet(key, provider);
    });
    after(async () => {
        provider?.destroy();
        await socket?.destroy();
    });

    it("detects the network", async () => {
        assert.equal((await provider.getNetwork()).chainId, BigInt(cluster.chain_id));
        assert.equal(await provider.getBalance(wallet.address), parseEther("1000"));
    });

    it("sends a transfer and waits for two confirmations", async () => {
        const to = nobody();
        const sent = await wallet.sendTransaction({ to, value: parseEther("0.25") });
        const receipt = await sent.wait(2);
        assert.equal(receipt.status, 1);
        assert.equal(await provider.getBalance(to), parseEther("0.25"));
        const block = await provider.getBlock(receipt.blockNumber, true);
        assert.ok(block.prefetchedTransactions.some((found) => found.hash === sent.hash));
        assert.equal((await provider.getTransaction(sent.hash)).blockNumber, receipt.blockNumber);
    });

    it("sends over WebSocket, and hears of blocks there", async () => {
        const heard = within(
            20_000,
            "three blocks",
            new Promise((resolve) => {
                const numbers = [];
                socket.on("block", (number) => {
                    numbers.push(number);
                    if (numbers.length === 3) resolve(numbers);
                });
            }),
        );
        const sent = await wallet.connect(socket).sendTransaction({ to: nobody(), value: 1n });
        assert.equal((await sent.wait()).status, 1);
        const numbers = await heard;
        assert.deepEqual(
            numbers,
            numbers.map((_, index) => numbers[0] + index),
        );
    });

    it("watches blocks by polling", async () => {
        const number = await within(
            20_000,
            "a block",
            new Promise((resolve) => provider.once("block", resolve)),
        );
        assert.ok(number > 0);
    });

    it("knows the fees", async () => {
        const fees = await provider.getFeeData();
        const block = await provider.getBlock("latest");
        assert.ok(fees.maxFeePerGas >= block.baseFeePerGas);
        assert.equal(
            await provider.estimateGas({ from: wallet.address, to: nobody(), value: 1n }),
            21_000n,
        );
    });

    it("gives the error codes that programs catch", async () => {
        await assert.rejects(
            wallet.sendTransaction({ to: nobody(), value: 1n, nonce: 0, gasLimit: 21_000n }),
            { code: "NONCE_EXPIRED" },
        );
        await assert.rejects(
            wallet.sendTransaction({
                to: nobody(),
                value: parseEther("1000000"),
                gasLimit: 21_000n,
            }),
            { code: "INSUFFICIENT_FUNDS" },
        );
        const nonce = await provider.getTransactionCount(wallet.address, "pending");
        const far = { to: nobody(), value: 1n, nonce: nonce + 2, gasLimit: 21_000n };
        await wallet.sendTransaction(far); // waits for the nonces before it
        await assert.rejects(wallet.sendTransaction({ ...far, value: 2n }), {
            code: "REPLACEMENT_UNDERPRICED",
        });
    });
});
