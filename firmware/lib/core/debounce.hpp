// A wall button behind metres of wire.
#pragma once

#include <stdint.h>

namespace gatehouse {

/// Tells a press from contact bounce and from a spike on the wire: the level must stay for
/// `kStableMs` without a break before it counts. A button held while the board starts is no press.
class Debouncer {
  public:
    static constexpr uint64_t kStableMs = 30;

    /// Takes the raw level; true once for each press.
    bool sample(bool pressed, uint64_t nowMs) {
        if (!seen_) {
            seen_ = true;
            level_ = stable_ = pressed;
            return false;
        }
        if (pressed != level_) {
            level_ = pressed;
            sinceMs_ = nowMs;
        }
        return settle(nowMs);
    }

    /// Time passed and the level is as it was; true once for each press.
    bool settle(uint64_t nowMs) {
        if (level_ == stable_ || nowMs - sinceMs_ < kStableMs) {
            return false;
        }
        stable_ = level_;
        return stable_;
    }

    /// When `settle` has something to decide; UINT64_MAX for never.
    uint64_t nextDeadlineMs() const { return level_ == stable_ ? UINT64_MAX : sinceMs_ + kStableMs; }

  private:
    bool seen_ = false;
    bool level_ = false;
    bool stable_ = false;
    uint64_t sinceMs_ = 0;
};

}  // namespace gatehouse
