// A disk in memory for tests and the simulator. It keeps apart what was written and what was
// synced, so it can crash at any operation, lose or tear what no sync covered, and rot.
#pragma once

#include <map>
#include <optional>

#include "base/random.h"
#include "env/byte_device.h"

namespace holdfast::env {

class MemoryDevice final : public ByteDevice {
  public:
    [[nodiscard]] std::vector<uint64_t> list() const override;
    [[nodiscard]] Bytes read(uint64_t file) const override;
    void append(uint64_t file, ByteView bytes) override;
    void sync(uint64_t file) override;
    void truncate(uint64_t file, uint64_t size_bytes) override;
    void remove(uint64_t file) override;
    void quarantine() override;
    [[nodiscard]] Bytes read_mark() const override;
    void write_mark(ByteView bytes) override;

    /// From the next operation but `operations` on, nothing has an effect any more: the process
    /// died. The test asks dead() after each call, and then revives the device.
    void die_after(uint64_t operations) { left_ = operations; }
    [[nodiscard]] bool dead() const { return left_ && *left_ == 0; }
    /// Operations that changed something so far.
    [[nodiscard]] uint64_t operations() const { return operations_; }

    /// kill -9: all that was written is still there, synced or not.
    void revive() { left_.reset(); }
    /// The power fails: each sector written since its file's last sync is kept or lost on its own.
    void lose_power(Random& random);

    /// Rot and other people's mistakes: durable at once.
    void flip_bit(uint64_t file, uint64_t bit);
    void flip_mark_bit(uint64_t bit);
    /// A write that was meant for another place; `bytes` must fit.
    void overwrite(uint64_t file, uint64_t offset, ByteView bytes);
    void cut(uint64_t file, uint64_t size_bytes);
    void lose_file(uint64_t file);
    void lose_mark();
    /// Zeros behind the end, as room made ahead of time.
    void pad(uint64_t file, uint64_t zeros);

    /// Nothing of what is in the files would be lost with the power.
    [[nodiscard]] bool all_synced() const;
    /// Bytes written to it so far; 0 if it is not there.
    [[nodiscard]] size_t size_bytes(uint64_t file) const;
    [[nodiscard]] size_t quarantined_files() const { return quarantined_; }

  private:
    /// What is on the platter is told by how it differs from what was written, since they are
    /// mostly the same: the first `common` bytes of `written`, then `tail`.
    struct File {
        Bytes written;
        size_t common = 0;
        Bytes tail;

        void sync();
        [[nodiscard]] Bytes synced() const;
        /// Bytes from `at` on are about to change.
        void diverge(size_t at);
    };
    /// Whether the operation that begins now still happens.
    bool alive();
    static void tear(File& file, Random& random);

    std::map<uint64_t, File> files_;
    File mark_;
    size_t quarantined_ = 0;
    uint64_t operations_ = 0;
    std::optional<uint64_t> left_;
};

}  // namespace holdfast::env
