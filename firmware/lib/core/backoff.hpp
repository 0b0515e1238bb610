// When to dial again.
#pragma once

#include <stdint.h>

namespace gatehouse {

/// Exponential back-off: the first delay lies in 0.5 to 1 s, the range doubles up to 15 to 30 s.
/// The lower half of each range is never used, so a house full of boards neither hammers a gateway
/// that is down nor returns to it in one instant.
class Backoff {
  public:
    static constexpr uint32_t kFirstCeilingMs = 1000;
    static constexpr uint32_t kCeilingMaxMs = 30000;

    /// The delay before the next attempt; `random` is any 32 random bits.
    uint32_t nextDelayMs(uint32_t random) {
        const uint32_t half = ceilingMs_ / 2;
        const uint32_t delay = half + random % (half + 1);
        ceilingMs_ = ceilingMs_ * 2 < kCeilingMaxMs ? ceilingMs_ * 2 : kCeilingMaxMs;
        return delay;
    }

    void reset() { ceilingMs_ = kFirstCeilingMs; }

  private:
    uint32_t ceilingMs_ = kFirstCeilingMs;
};

}  // namespace gatehouse
