// Stand-ins for the chip: flash that loses power in the middle of a write, pins, chance.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "hardware.hpp"
#include "text.hpp"

namespace gatehouse::test {

inline Text view(const std::string& text) {
    return {text.data(), text.size()};
}

inline std::string str(Text text) {
    return {text.data == nullptr ? "" : text.data, text.size};
}

/// NOR flash in memory. With a budget, power goes after that many units: a byte written is one unit, 512
/// bytes erased are one. The byte at which it goes is left half programmed.
class RamFlash final : public Flash {
  public:
    static constexpr size_t kUnlimited = SIZE_MAX;

    std::vector<uint8_t> cells = std::vector<uint8_t>(kSectorSize * kSectors, 0xff);
    size_t budget = kUnlimited;
    size_t used = 0;
    size_t erases = 0;
    /// Bytes written to cells that were not erased.
    size_t overwritten = 0;

    bool read(uint32_t offset, void* out, size_t size) override {
        if (budget == 0 || offset + size > cells.size()) {
            return false;
        }
        std::memcpy(out, cells.data() + offset, size);
        return true;
    }
    bool write(uint32_t offset, const void* bytes, size_t size) override {
        const uint8_t* const from = static_cast<const uint8_t*>(bytes);
        for (size_t at = 0; at < size; ++at) {
            if (!spend()) {
                cells.at(offset + at) &= from[at] | 0x55;
                return false;
            }
            overwritten += cells.at(offset + at) != 0xff ? 1U : 0U;
            cells.at(offset + at) &= from[at];
        }
        return true;
    }
    bool erase(uint32_t sector) override {
        ++erases;
        for (uint32_t at = 0; at < kSectorSize; at += 512) {
            if (!spend()) {
                return false;
            }
            std::memset(cells.data() + sector * kSectorSize + at, 0xff, 512);
        }
        return true;
    }

  private:
    bool spend() {
        ++used;
        if (budget == kUnlimited) {
            return true;
        }
        if (budget == 0) {
            return false;
        }
        --budget;
        return budget > 0;
    }
};

class FakePins final : public Pins {
  public:
    std::array<bool, kRelaysMax> level = {};
    std::array<int, kRelaysMax> stuck = {-1, -1, -1, -1, -1, -1, -1, -1};
    std::array<Wiring, kRelaysMax> wiring = {};
    unsigned writes = 0;

    void wire(uint8_t relay, Wiring how) override { wiring.at(relay) = how; }
    void write(uint8_t relay, bool on) override {
        ++writes;
        level.at(relay) = on;
    }
    bool read(uint8_t relay) override { return stuck.at(relay) < 0 ? level.at(relay) : stuck.at(relay) == 1; }
};

class FakeChip final : public Chip {
  public:
    std::mt19937 generator{7};
    /// Handed out before chance is asked.
    std::vector<uint32_t> next;

    uint32_t random() override {
        if (next.empty()) {
            return static_cast<uint32_t>(generator());
        }
        const uint32_t value = next.front();
        next.erase(next.begin());
        return value;
    }
    int32_t rssiDbm() override { return -61; }
    uint32_t freeHeapBytes() override { return 31234; }
};

}  // namespace gatehouse::test
