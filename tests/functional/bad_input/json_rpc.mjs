// Requests that must be refused: with which JSON-RPC code, and where we have a name of our own,
// that. `body` goes out as it stands; `call` is the short form for one well-formed request.
const parse_error = -32700;
const invalid_request = -32600;
const no_method = -32601;
const invalid_params = -32602;
const limit_exceeded = -32005;
/** What a question about something that is not there may say. */
const unknown = /-32000|-32001|-32602/;

const address = `0x${"11".repeat(20)}`;
const hash = `0x${"22".repeat(32)}`;
const request = (text) => `{"jsonrpc":"2.0","id":1,${text}}`;
const repeat = (text, count) => Array(count).fill(text).join(",");

export const body_cases = [
    { name: "nothing", body: "", code: parse_error },
    { name: "not JSON", body: "hello", code: parse_error },
    {
        name: "JSON cut off",
        body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"',
        code: parse_error,
    },
    {
        name: "two requests without a list",
        body: request('"method":"eth_chainId"').repeat(2),
        code: parse_error,
    },
    {
        name: "garbage behind the request",
        body: `${request('"method":"eth_chainId"')}xyz`,
        code: parse_error,
    },
    {
        name: "a byte that is not UTF-8",
        body: Buffer.concat([
            Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'),
            Buffer.from([0xff, 0xfe]),
            Buffer.from('"}'),
        ]),
        code: /-32700|-32600|-32601/,
    },
    {
        name: "UTF-16",
        body: Buffer.from(request('"method":"eth_chainId"'), "utf16le"),
        code: parse_error,
    },
    {
        name: "one name twice in an object",
        body: request('"method":"eth_chainId","method":"eth_blockNumber"'),
        code: parse_error,
    },
    { name: "NaN", body: request('"method":"eth_chainId","params":[NaN]'), code: parse_error },
    { name: "a comment", body: request('"method":"eth_chainId"/**/'), code: parse_error },
    { name: "a trailing comma", body: request('"method":"eth_chainId",'), code: parse_error },
    { name: "100,000 open brackets", body: "[".repeat(100_000), code: /-32700|-32600/ },
    {
        name: "100,000 brackets that close",
        body: "[".repeat(100_000) + "]".repeat(100_000),
        code: /-32700|-32600/,
    },
    {
        name: "objects nested 50,000 deep in the parameters",
        body: request(
            `"method":"eth_getBalance","params":[${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}]`,
        ),
        code: /-32700|-32600|-32602/,
    },
    { name: "a number", body: "7", code: invalid_request },
    { name: "null", body: "null", code: invalid_request },
    { name: "an empty batch", body: "[]", code: invalid_request },
    { name: "a batch of numbers", body: "[1,2,3]", code: invalid_request },
    {
        name: "a batch of 1,001",
        body: `[${repeat(request('"method":"eth_chainId"'), 1001)}]`,
        code: /-32600|-32005/,
    },
    { name: "no method", body: request('"params":[]'), code: invalid_request },
    { name: "a number as the method", body: request('"method":7'), code: invalid_request },
    {
        name: "an object as the id",
        body: '{"jsonrpc":"2.0","id":{"a":1},"method":"eth_chainId"}',
        code: invalid_request,
    },
    {
        name: "version 1.0",
        body: '{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}',
        code: invalid_request,
    },
    {
        name: "parameters that are a string",
        body: request('"method":"eth_chainId","params":"x"'),
        code: /-32600|-32602/,
    },
    {
        name: "an unknown method",
        body: request('"method":"eth_makeMoney","params":[]'),
        code: no_method,
    },
    {
        name: "a method of 100,000 letters",
        body: request(`"method":"${"m".repeat(100_000)}"`),
        code: no_method,
    },
    {
        name: "a method with a zero byte in it",
        body: request('"method":"eth_chainId\\u0000"'),
        code: no_method,
    },
    {
        name: "somebody else's method (debug_traceTransaction)",
        body: request(`"method":"debug_traceTransaction","params":["${hash}"]`),
        code: no_method,
    },
];

export const call_cases = [
    { name: "a parameter too few", call: ["eth_getBalance", []], code: invalid_params },
    { name: "a parameter too many", call: ["eth_chainId", [1, 2, 3]], code: invalid_params },
    {
        name: "an address of 19 bytes",
        call: ["eth_getBalance", [address.slice(0, -2), "latest"]],
        code: invalid_params,
    },
    {
        name: "an address without 0x",
        call: ["eth_getBalance", [address.slice(2), "latest"]],
        code: invalid_params,
    },
    {
        name: "an address that is a number",
        call: ["eth_getBalance", [7, "latest"]],
        code: invalid_params,
    },
    {
        name: "letters that are not hex",
        call: ["eth_getBalance", [`0x${"zz".repeat(20)}`, "latest"]],
        code: invalid_params,
    },
    {
        name: "a block tag that is none",
        call: ["eth_getBalance", [address, "newest"]],
        code: invalid_params,
    },
    {
        name: "a block number with a leading zero",
        call: ["eth_getBlockByNumber", ["0x01", false]],
        code: invalid_params,
    },
    {
        name: "an empty block number",
        call: ["eth_getBlockByNumber", ["0x", false]],
        code: invalid_params,
    },
    {
        name: "a negative block number",
        call: ["eth_getBlockByNumber", ["-0x1", false]],
        code: invalid_params,
    },
    {
        name: "a block number of 65 bits",
        call: ["eth_getBlockByNumber", ["0x10000000000000000", false]],
        code: invalid_params,
    },
    {
        name: "a fraction as the block number",
        call: ["eth_getBlockByNumber", [1.5, false]],
        code: invalid_params,
    },
    {
        name: "a string for a boolean",
        call: ["eth_getBlockByNumber", ["latest", "yes"]],
        code: invalid_params,
    },
    {
        name: "a block hash of 31 bytes",
        call: ["eth_getBlockByHash", [hash.slice(0, -2), false]],
        code: invalid_params,
    },
    {
        name: "state of a block that does not exist yet",
        call: ["eth_getBalance", [address, "0xffffff"]],
        code: unknown,
    },
    {
        name: "state of a block hash nobody knows",
        call: ["eth_getBalance", [address, { blockHash: hash }]],
        code: unknown,
    },
    {
        name: "a raw transaction that is not hex",
        call: ["eth_sendRawTransaction", ["hello"]],
        code: invalid_params,
    },
    {
        name: "a raw transaction with half a byte",
        call: ["eth_sendRawTransaction", ["0x123"]],
        code: invalid_params,
    },
    {
        name: "a raw transaction that is an object",
        call: ["eth_sendRawTransaction", [{}]],
        code: invalid_params,
    },
    {
        name: "a wait of minus one",
        call: ["eth_sendRawTransactionSync", ["0x02", "-0x1"]],
        code: /-32602|-32000/,
    },
    {
        name: "signing on the node",
        call: ["eth_sendTransaction", [{ from: address, to: address }]],
        code: /-32601|-32000/,
    },
    {
        name: "unlocking accounts",
        call: ["personal_unlockAccount", [address, "x"]],
        code: no_method,
    },
    {
        name: "a call with a field nobody knows",
        call: ["eth_call", [{ to: address, colour: "red" }, "latest"]],
        code: /-32602|ok/,
    },
    {
        name: "a call whose data and input differ",
        call: ["eth_call", [{ to: address, data: "0x01", input: "0x02" }, "latest"]],
        code: invalid_params,
    },
    {
        name: "a call with both kinds of price",
        call: ["eth_call", [{ to: address, gasPrice: "0x1", maxFeePerGas: "0x1" }, "latest"]],
        code: invalid_params,
    },
    {
        name: "a call with a made-up balance that leaves 256 bits",
        call: [
            "eth_call",
            [
                { from: address, to: address, value: `0x${"f".repeat(64)}` },
                "latest",
                { [address]: { balance: `0x${"f".repeat(64)}` } },
            ],
        ],
        code: /-32000/,
    },
    {
        name: "a call with made-up code",
        call: ["eth_call", [{ to: address }, "latest", { [address]: { code: "0x00" } }]],
        code: invalid_params,
    },
    {
        name: "a call with more value than anybody has",
        call: [
            "eth_call",
            [{ from: address, to: address, value: `0x${"f".repeat(64)}` }, "latest"],
        ],
        code: /-32000|-32602|-32003/,
    },
    {
        name: "logs from a range that runs backwards",
        call: ["eth_getLogs", [{ fromBlock: "0x2", toBlock: "0x1" }]],
        code: invalid_params,
    },
    {
        name: "logs by hash and by range",
        call: ["eth_getLogs", [{ blockHash: hash, fromBlock: "0x1" }]],
        code: invalid_params,
    },
    {
        name: "logs of five topics",
        call: ["eth_getLogs", [{ topics: [hash, hash, hash, hash, hash] }]],
        code: invalid_params,
    },
    {
        name: "logs of 20,000 addresses",
        call: ["eth_getLogs", [{ address: Array(20_000).fill(address) }]],
        code: /-32602|-32005/,
    },
    {
        name: "logs of a topic of 31 bytes",
        call: ["eth_getLogs", [{ topics: [hash.slice(0, -2)] }]],
        code: invalid_params,
    },
    {
        name: "a proof of 100,000 slots",
        call: ["eth_getProof", [address, Array(100_000).fill("0x1"), "latest"]],
        code: /-32602|-32005|413/,
    },
    {
        name: "a proof of a slot of 33 bytes",
        call: ["eth_getProof", [address, [`0x${"11".repeat(33)}`], "latest"]],
        code: invalid_params,
    },
    {
        name: "fee history of percentiles that fall",
        call: ["eth_feeHistory", ["0x4", "latest", [90, 10]]],
        code: /-32602|-32000/,
    },
    {
        name: "fee history of percentile 101",
        call: ["eth_feeHistory", ["0x4", "latest", [101]]],
        code: /-32602|-32000/,
    },
    {
        name: "changes of a filter that is not there",
        call: ["eth_getFilterChanges", ["0x1234"]],
        code: unknown,
    },
    {
        name: "a subscription over HTTP",
        call: ["eth_subscribe", ["newHeads"]],
        code: /-3260[0-2]|-32000/,
    },
    {
        name: "a transaction index that is a word",
        call: ["eth_getTransactionByBlockNumberAndIndex", ["latest", "first"]],
        code: invalid_params,
    },
    {
        name: "the operator's method, from anybody",
        call: ["holdfast_transferLeadership", []],
        code: no_method,
    },
];

export { limit_exceeded };
