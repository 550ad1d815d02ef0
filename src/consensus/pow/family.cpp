// The engine as a Family: how scripts and random tests start one.
#include "consensus/pow/describe.h"
#include "consensus/pow/invariants.h"

namespace holdfast::pow {

Rules test_rules() {
    Rules rules;
    rules.genesis.bytes.fill(0x6e);
    rules.genesis_time_ms = 0;
    rules.genesis_target = U256(1) << 252;
    rules.target_max = U256(1) << 254;
    rules.interval_ms = 1000;
    rules.half_life_ms = 60'000;
    rules.final_depth = 6;
    rules.payload_bytes_max = 1000;
    return rules;
}

consensus::Family family() {
    const auto restore_engine = [](const consensus::Family::Start& start, consensus::Effects& out) {
        Config config;
        config.self = start.self;
        config.rules = test_rules();
        config.rules.final_depth = start.option("depth", config.rules.final_depth);
        config.rules.interval_ms = start.option("interval", config.rules.interval_ms);
        config.rules.half_life_ms = start.option("half_life", config.rules.half_life_ms);
        config.rules.genesis_target = (U256(1) << 255) / (start.option("hashes", 16) / 2);
        config.mines = start.option("mines", 0) != 0;
        config.retained_blocks = start.option("retained", config.retained_blocks);
        config.headers_max = start.option("headers", config.headers_max);
        config.headers_per_message = start.option("batch", config.headers_per_message);
        return pow::restore(config, start.base, start.records, start.health, start.now, out);
    };
    const auto describe_header = [](ByteView bytes) {
        Reader in(bytes);
        const Header header = read_header(in);
        return fmt::format("a block {} by {}", header.height, header.miner);
    };
    return {.restore = restore_engine,
            .describe_message = describe_message,
            .describe_record = describe_record,
            .broken_invariants = broken_invariants,
            .describe_header = describe_header,
            .view_word = "view",
            .may_revert = true};
}

}  // namespace holdfast::pow
