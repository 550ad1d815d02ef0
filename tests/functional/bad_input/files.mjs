// Genesis files and configurations that must be refused. A genesis case changes the parsed object
// or the text of a good one; a configuration case replaces a line of a good one.
const big = `0x${"f".repeat(65)}`;
const first = (genesis) => Object.keys(genesis.alloc)[0];
const members = (genesis) => genesis.holdfast.members;

export const genesis_cases = [
    { name: "an empty file", text: () => "", expect: "genesis.malformed" },
    { name: "not JSON", text: () => "chainId = 7", expect: "genesis.malformed" },
    {
        name: "cut off in the middle",
        text: (text) => text.slice(0, text.length / 2),
        expect: "genesis.malformed",
    },
    { name: "a second object behind it", text: (text) => `${text}{}`, expect: "genesis.malformed" },
    { name: "100,000 open brackets", text: () => "[".repeat(100_000), expect: "genesis.malformed" },
    {
        name: "a list instead of an object",
        text: (text) => `[${text}]`,
        expect: "genesis.malformed",
    },
    { name: "zeros", text: () => "\0".repeat(4096), expect: "genesis.malformed" },
    {
        name: "a field twice",
        text: (text) => text.replace("{", '{"gasLimit":"0x1",'),
        expect: /genesis\.(malformed|invalid)/,
    },
    {
        name: "a number of 1,000 digits",
        text: (text) => text.replace(/"gasLimit": *"[^"]*"/, `"gasLimit": ${"9".repeat(1000)}`),
        expect: "genesis.malformed",
    },
    { name: "no config", change: (g) => delete g.config, expect: "genesis.malformed" },
    { name: "no chain id", change: (g) => delete g.config.chainId, expect: /genesis\./ },
    {
        name: "chain id of zero",
        change: (g) => {
            g.config.chainId = 0;
        },
        expect: "genesis.invalid",
    },
    {
        name: "chain id that is a list",
        change: (g) => {
            g.config.chainId = [7];
        },
        expect: "genesis.malformed",
    },
    {
        name: "a field that nobody knows",
        change: (g) => {
            g.colour = "red";
        },
        expect: "genesis.unknown_field",
    },
    {
        name: "a slip in a parameter's name",
        change: (g) => {
            g.holdfast.parameters.electionTimeoutMS = 1;
        },
        expect: "genesis.unknown_field",
    },
    {
        name: "no members",
        change: (g) => {
            g.holdfast.members = [];
        },
        expect: "genesis.invalid",
    },
    {
        name: "members missing",
        change: (g) => delete g.holdfast.members,
        expect: "genesis.malformed",
    },
    {
        name: "one id twice",
        change: (g) => {
            members(g)[1].id = members(g)[0].id;
        },
        expect: "genesis.invalid",
    },
    {
        name: "one voting key twice",
        change: (g) => {
            members(g)[1].votingKey = members(g)[0].votingKey;
        },
        expect: "genesis.invalid",
    },
    {
        name: "one transport key twice",
        change: (g) => {
            members(g)[1].transportKey = members(g)[0].transportKey;
        },
        expect: "genesis.invalid",
    },
    {
        name: "one endpoint twice",
        change: (g) => {
            members(g)[1].endpoint = members(g)[0].endpoint;
        },
        expect: "genesis.invalid",
    },
    {
        name: "an id of zero",
        change: (g) => {
            members(g)[0].id = 0;
        },
        expect: "genesis.invalid",
    },
    {
        name: "a weight of zero",
        change: (g) => {
            members(g)[0].weight = 0;
        },
        expect: "genesis.invalid",
    },
    {
        name: "a voting key of 31 bytes",
        change: (g) => {
            members(g)[0].votingKey = members(g)[0].votingKey.slice(0, -2);
        },
        expect: "genesis.malformed",
    },
    {
        name: "an endpoint without a port",
        change: (g) => {
            members(g)[0].endpoint = "127.0.0.1";
        },
        expect: "genesis.invalid",
    },
    {
        name: "an engine that nobody wrote",
        change: (g) => {
            g.holdfast.engine = "zab";
        },
        expect: /genesis\./,
    },
    {
        name: "a heartbeat slower than the election",
        change: (g) => {
            g.holdfast.parameters.heartbeatMs = 100_000;
        },
        expect: "genesis.invalid",
    },
    {
        name: "an election timeout of zero",
        change: (g) => {
            g.holdfast.parameters.electionTimeoutMs = 0;
        },
        expect: "genesis.invalid",
    },
    {
        name: "payloads of a terabyte",
        change: (g) => {
            g.holdfast.parameters.payloadBytesMax = 2 ** 40;
        },
        expect: "genesis.invalid",
    },
    {
        name: "a gas limit of zero",
        change: (g) => {
            g.gasLimit = "0x0";
        },
        expect: "genesis.invalid",
    },
    {
        name: "a balance of 257 bits",
        change: (g) => {
            g.alloc[first(g)].balance = big;
        },
        expect: "genesis.malformed",
    },
    {
        name: "balances whose sum overflows",
        change: (g) => {
            g.alloc[first(g)].balance = `0x${"f".repeat(64)}`;
            g.alloc[`0x${"12".repeat(20)}`] = { balance: `0x${"f".repeat(64)}` };
        },
        expect: "genesis.invalid",
    },
    {
        name: "an account that is no address",
        change: (g) => {
            g.alloc["0x1234"] = { balance: "1" };
        },
        expect: "genesis.malformed",
    },
    {
        name: "one account in two spellings",
        change: (g) => {
            g.alloc[`0x${"ab".repeat(20)}`] = { balance: "1" };
            g.alloc[`0x${"AB".repeat(20)}`] = { balance: "1" };
        },
        expect: "genesis.invalid",
    },
    {
        name: "a fee denominator of zero",
        change: (g) => {
            g.holdfast.fees.changeDenominator = 0;
        },
        expect: "genesis.invalid",
    },
    {
        name: "a well-known account, funded, and not for development",
        change: (g) => {
            g.alloc["0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"] = { balance: "1" };
        },
        expect: "key.well_known",
        by_node: true,
    },
];

export const config_cases = [
    { name: "an empty file", text: () => "", expect: /config\.|key\.|genesis\./ },
    { name: "not TOML", text: () => "id 7", expect: "config.syntax" },
    { name: "zeros", text: () => "\0\0\0\0", expect: "config.syntax" },
    { name: "a setting twice", text: (text) => `id = 1\n${text}`, expect: "config.syntax" },
    {
        name: "a setting that nobody knows",
        text: (text) => `colour = "red"\n${text}`,
        expect: "config.unknown_key",
    },
    {
        name: "a section that nobody knows",
        text: (text) => `${text}\n[colours]\nred = 1\n`,
        expect: "config.unknown_key",
    },
    {
        name: "a word for a number",
        line: [/^connections_max.*$/m, 'connections_max = "many"'],
        expect: "config.wrong_type",
    },
    {
        name: "a number for a list",
        line: [/^hosts_allowed.*$/m, "hosts_allowed = 7"],
        expect: "config.wrong_type",
    },
    {
        name: "a fraction",
        line: [/^batch_max.*$/m, "batch_max = 1.5"],
        expect: "config.wrong_type",
    },
    {
        name: "a negative number",
        line: [/^batch_max.*$/m, "batch_max = -1"],
        expect: /config\.(invalid|wrong_type)/,
    },
    {
        name: "a number beyond its bound",
        line: [/^batch_max.*$/m, "batch_max = 1000000000"],
        expect: "config.invalid",
    },
    {
        name: "a number of 40 digits",
        line: [/^batch_max.*$/m, `batch_max = ${"9".repeat(40)}`],
        expect: /config\.(syntax|invalid|wrong_type)/,
    },
    {
        name: "an endpoint without a port",
        line: [/^peers.*$/m, 'peers = "127.0.0.1"'],
        expect: "config.invalid",
    },
    {
        name: "port 70000",
        line: [/^api = .*$/m, 'api = "127.0.0.1:70000"'],
        expect: "config.invalid",
    },
    {
        name: "a level of shouting",
        line: [/^level.*$/m, 'level = "shout"'],
        expect: "config.invalid",
    },
    {
        name: "a fee recipient of 19 bytes",
        line: [/^fee_recipient.*$/m, `fee_recipient = "0x${"11".repeat(19)}"`],
        expect: "config.invalid",
    },
    {
        name: "the id of another member",
        line: [/^id = .*$/m, "id = 2"],
        expect: /config\.not_a_member|key\.wrong_member/,
        by_node: true,
    },
    {
        name: "the id of nobody",
        line: [/^id = .*$/m, "id = 99"],
        expect: /config\.not_a_member|journal\.wrong_node/,
        by_node: true,
    },
    {
        name: "a genesis file that is not there",
        line: [/^genesis = .*$/m, 'genesis = "nowhere.json"'],
        expect: "genesis.unreadable",
        by_node: true,
    },
    {
        name: "a key file that is not there",
        line: [/^voting_key.*$/m, 'voting_key = "keys/nowhere.key"'],
        expect: "key.unreadable",
        by_node: true,
    },
    {
        name: "one key for two purposes",
        line: [/^voting_key.*$/m, 'voting_key = "keys/transport.key"'],
        expect: /key\.(shared|wrong_member)/,
        by_node: true,
    },
    {
        name: "a data folder that is not there",
        line: [/^data = .*$/m, 'data = "nowhere"'],
        expect: /storage\.|journal\.missing|ledger\.missing/,
        by_node: true,
    },
];
