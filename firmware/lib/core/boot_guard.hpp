// Safe mode: a board whose firmware falls over again and again keeps its relays and buttons, and leaves the
// rest alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gatehouse {

/// A few words that a restart leaves as they are. What is in them after a power cut is anything.
class BootMemory {
  public:
    static constexpr size_t kWords = 3;

    virtual bool load(uint32_t (&words)[kWords]) = 0;
    virtual bool store(uint32_t (&words)[kWords]) = 0;

  protected:
    ~BootMemory() = default;
};

/// Counts boots that ended in a fault before the board had run for a while. A power cut, a button or a
/// command is no fault, and begins the count anew: whoever pulls the plug gets a board that tries again.
class BootGuard {
  public:
    /// So many in a row make the next one safe.
    static constexpr uint32_t kFaultsMax = 3;
    /// A board that ran for so long is sound.
    static constexpr uint64_t kSoundMs = 60000;
    /// Safe mode ends by itself: what made the board fall over may have been in the network.
    static constexpr uint64_t kSafeMs = 300000;

    explicit BootGuard(BootMemory& memory) : memory_(memory) {}

    /// At the start, before anything that may fall over. `fault` says that a watchdog or an exception ended
    /// the last run. True: this run is a safe one.
    bool boot(bool fault) {
        const uint32_t before = fault ? load() : 0;
        const uint32_t count = fault ? before + 1 : 0;
        safe_ = count >= kFaultsMax;
        store(safe_ ? 0 : count);
        counting_ = count > 0 && !safe_;
        return safe_;
    }

    /// True: restart now, safe mode is over.
    bool tick(uint64_t nowMs) {
        if (counting_ && nowMs >= kSoundMs) {
            counting_ = false;
            store(0);
        }
        return safe_ && nowMs >= kSafeMs;
    }

    bool safe() const { return safe_; }

  private:
    static constexpr uint32_t kMagic = 0x47484231;  // "GHB1"

    uint32_t load() {
        uint32_t words[BootMemory::kWords] = {};
        const bool sound = memory_.load(words) && words[0] == kMagic && words[2] == ~words[1];
        return sound && words[1] < kFaultsMax ? words[1] : 0;
    }
    void store(uint32_t count) {
        uint32_t words[BootMemory::kWords] = {kMagic, count, ~count};
        memory_.store(words);
    }

    BootMemory& memory_;
    bool safe_ = false;
    bool counting_ = false;
};

}  // namespace gatehouse
