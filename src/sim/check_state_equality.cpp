// A7: nodes that executed the same blocks hold the same bytes: the state and its tries as a whole,
// and of blocks and the rest whatever both still keep. Compared now and then, and at the end.
#include <fmt/format.h>

#include "ledger/keys.h"
#include "ledger/reader.h"
#include "sim/checkers.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

using env::Column;

constexpr uint64_t compare_every_blocks = 64;
constexpr std::array whole_columns{Column::accounts, Column::slots, Column::account_trie,
                                   Column::slot_trie};

uint64_t print_of(const env::StateView& view, Column column) {
    uint64_t hash = static_cast<uint64_t>(column);
    view.scan(column, {}, [&](ByteView key, ByteView value) {
        hash = mix(mix(hash, fingerprint(key)), fingerprint(value));
        return true;
    });
    return hash;
}

using Prints = std::map<Bytes, uint64_t>;

Prints prints_of(const env::StateView& view, Column column) {
    Prints prints;
    view.scan(column, {}, [&](ByteView key, ByteView value) {
        prints.emplace(to_bytes(key), fingerprint(value));
        return true;
    });
    return prints;
}

bool is_the_same_everywhere(ByteView meta_key) {
    const std::string_view name = text_of(meta_key);
    return name == ledger::keys::head || name == ledger::keys::burnt ||
           name == ledger::keys::supply || name == ledger::keys::genesis ||
           name.starts_with(ledger::keys::members_prefix);
}

class StateEquality final : public Checker {
  public:
    explicit StateEquality(const Sight& sight) : stage_(sight.stage) {}
    [[nodiscard]] std::string_view name() const override { return "state-equality"; }

    void on_block(NodeId node, const ledger::Executed& executed) override;
    void at_end() override;

  private:
    struct First {
        NodeId node;
        std::array<uint64_t, whole_columns.size()> prints{};
    };
    struct Kept {
        NodeId node;
        Height head;
        Prints blocks, meta;
    };
    void compare_state(NodeId node, Height height, const env::StateStore& store);
    void compare_kept(const Kept& a, const Kept& b);

    const Stage& stage_;
    std::map<Height, First> first_;
    std::unordered_map<Height, std::pair<NodeId, Hash32>> roots_;
};

void StateEquality::compare_state(NodeId node, Height height, const env::StateStore& store) {
    First mine{.node = node, .prints = {}};
    for (size_t i = 0; i < whole_columns.size(); ++i)
        mine.prints[i] = print_of(store, whole_columns[i]);
    const auto [place, fresh] = first_.try_emplace(height, mine);
    if (fresh || place->second.prints == mine.prints) return;
    violated(fmt::format("nodes {} and {} hold different states after block {}", place->second.node,
                         node, height));
}

void StateEquality::on_block(NodeId node, const ledger::Executed& executed) {
    const chain::Header& header = executed.block.header;
    const auto [root, fresh] =
        roots_.try_emplace(header.number, std::pair(node, header.state_root));
    if (!fresh && root->second.second != header.state_root)
        violated(fmt::format("nodes {} and {} have different state roots after block {}",
                             root->second.first, node, header.number));
    if (header.number.value % compare_every_blocks != 0) return;
    const env::StateStore* store = stage_.view(node).store;
    if (store == nullptr || ledger::reader_at_head(*store).head() != header.number) return;
    compare_state(node, header.number, *store);
}

void StateEquality::at_end() {
    std::vector<Kept> all;
    for (const NodeId node : stage_.nodes()) {
        const NodeView view = stage_.view(node);
        if (!view.up || view.store == nullptr) continue;
        const Height head = ledger::reader_at_head(*view.store).head();
        compare_state(node, head, *view.store);
        Kept kept{.node = node,
                  .head = head,
                  .blocks = prints_of(*view.store, Column::blocks),
                  .meta = prints_of(*view.store, Column::meta)};
        // Any quorum's signatures make a mark of Byzantine agreement.
        if (stage_.plan().engine == "bft")
            std::erase_if(kept.blocks, [](const auto& item) {
                return item.first.front() == static_cast<uint8_t>(ledger::keys::BlockPart::mark);
            });
        std::erase_if(kept.meta,
                      [&](const auto& item) { return !is_the_same_everywhere(item.first); });
        all.push_back(std::move(kept));
    }
    for (size_t i = 1; i < all.size(); ++i) compare_kept(all[0], all[i]);
}

// What one of them has pruned, or never had for it took a snapshot, is no difference.
void StateEquality::compare_kept(const Kept& a, const Kept& b) {
    const auto differ = [](const Prints& mine, const Prints& theirs) {
        return std::ranges::any_of(mine, [&](const auto& item) {
            const auto place = theirs.find(item.first);
            return place != theirs.end() && place->second != item.second;
        });
    };
    if (differ(a.blocks, b.blocks))
        violated(fmt::format("nodes {} and {} hold different bytes of a block", a.node, b.node));
    if (a.head == b.head && differ(a.meta, b.meta))
        violated(fmt::format("nodes {} and {} differ in what they say of the state after block {}",
                             a.node, b.node, a.head));
}

}  // namespace

CheckerPtr make_state_equality(const Sight& sight) {
    return std::make_unique<StateEquality>(sight);
}

}  // namespace holdfast::sim
