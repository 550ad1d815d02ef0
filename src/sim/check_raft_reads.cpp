// R-RI: a read is given a height at or above everything that was final anywhere when it was asked.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class ReadIndex final : public Checker {
  public:
    explicit ReadIndex(std::string_view name) : name_(name) {}
    [[nodiscard]] std::string_view name() const override { return name_; }

    void on_start(NodeId node, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        asked_[node].clear();
    }
    void on_input(NodeId node, const consensus::Input& input) override {
        if (const auto* read = std::get_if<consensus::Read>(&input))
            asked_[node][read->id] = final_;
    }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            if (const auto* deliver = std::get_if<consensus::Deliver>(&effect))
                final_ = std::max(final_, deliver->position);
            if (const auto* refused = std::get_if<consensus::ReadRefused>(&effect))
                asked_[node].erase(refused->id);
            if (const auto* at = std::get_if<consensus::ReadAt>(&effect)) answered(node, *at);
        }
    }

  private:
    void answered(NodeId node, const consensus::ReadAt& at) {
        auto& asked = asked_[node];
        const auto place = asked.find(at.id);
        if (place == asked.end())
            return violated(
                fmt::format("node {} answers read {}, which nobody asked", node, at.id));
        if (at.height < place->second)
            violated(fmt::format("node {} places read {} at {}, and {} was final when it was asked",
                                 node, at.id, at.height, place->second));
        asked.erase(place);
    }
    std::string_view name_;
    std::map<NodeId, std::map<consensus::ReadId, Height>> asked_;
    Height final_;  ///< the highest position delivered anywhere
};

}  // namespace

CheckerPtr make_read_index(std::string_view name) {
    return std::make_unique<ReadIndex>(name);
}

}  // namespace holdfast::sim
