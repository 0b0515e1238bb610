// When relays may turn on, and must turn off: interlocks and pulses. It knows times and groups, and moves
// nothing.
#pragma once

#include "settings.hpp"
#include "wire.hpp"

namespace gatehouse {

class RelayGuard {
  public:
    /// From the moment one relay of a group went off to the moment another may go on: contacts and motors
    /// need it. Less than the 500 ms by which a command's deadline on the board precedes the gateway's.
    static constexpr uint64_t kGapMs = 300;
    /// A relay whose pulse is over and that reads on all the same is told again.
    static constexpr uint64_t kRetryMs = 1000;

    /// A relay that is to go on once its group allows it.
    struct Waiting {
        uint64_t dueMs = 0;
        /// The command that asked; none: the wall button.
        wire::CommandId id;
    };

    explicit RelayGuard(const Settings& settings) : settings_(settings) {}

    bool sameGroup(uint8_t a, uint8_t b) const {
        return a != b && settings_.interlock(a) != 0 && settings_.interlock(a) == settings_.interlock(b);
    }

    /// The relay reads `on` after it was written.
    void note(uint8_t relay, bool on, uint64_t nowMs) {
        if (wasOn_[relay] && !on) {
            offMs_[relay] = nowMs;
        }
        wasOn_[relay] = on;
        if (!on) {
            pulseDueMs_[relay] = 0;
        } else if (settings_.pulseMs(relay) > 0 && pulseDueMs_[relay] == 0) {
            pulseDueMs_[relay] = nowMs + settings_.pulseMs(relay);
        }
    }

    bool pulsing(uint8_t relay) const { return pulseDueMs_[relay] != 0; }
    /// True when the pulse is over; it is due again unless `note` hears that the relay is off.
    bool takePulse(uint8_t relay, uint64_t nowMs) {
        if (pulseDueMs_[relay] == 0 || nowMs < pulseDueMs_[relay]) {
            return false;
        }
        pulseDueMs_[relay] = nowMs + kRetryMs;
        return true;
    }

    /// When `relay` may go on, as far as those of its group that went off lately are concerned.
    uint64_t allowedMs(uint8_t relay, uint8_t count) const {
        uint64_t due = 0;
        for (uint8_t other = 0; other < count; ++other) {
            if (sameGroup(relay, other) && offMs_[other] != kNever && offMs_[other] + kGapMs > due) {
                due = offMs_[other] + kGapMs;
            }
        }
        return due;
    }

    bool waits(uint8_t relay) const { return waiting_[relay].dueMs != 0; }
    void wait(uint8_t relay, uint64_t dueMs, wire::CommandId id) {
        waiting_[relay].dueMs = dueMs;
        waiting_[relay].id = id;
    }
    void forget(uint8_t relay) { waiting_[relay] = Waiting(); }
    /// True, with who asked, when a relay that waited is to go on now.
    bool takeWaiting(uint8_t relay, uint64_t nowMs, wire::CommandId& id) {
        if (!waits(relay) || nowMs < waiting_[relay].dueMs) {
            return false;
        }
        id = waiting_[relay].id;
        forget(relay);
        return true;
    }

    uint64_t nextDeadlineMs(uint8_t count) const {
        uint64_t due = UINT64_MAX;
        for (uint8_t relay = 0; relay < count; ++relay) {
            due = pulsing(relay) && pulseDueMs_[relay] < due ? pulseDueMs_[relay] : due;
            due = waits(relay) && waiting_[relay].dueMs < due ? waiting_[relay].dueMs : due;
        }
        return due;
    }

  private:
    static constexpr uint64_t kNever = UINT64_MAX;

    const Settings& settings_;
    bool wasOn_[kRelaysMax] = {};
    /// When it last went off; kNever: not since the boot.
    uint64_t offMs_[kRelaysMax] = {kNever, kNever, kNever, kNever, kNever, kNever, kNever, kNever};
    /// When it has to go off; 0: no pulse runs.
    uint64_t pulseDueMs_[kRelaysMax] = {};
    Waiting waiting_[kRelaysMax];
};

static_assert(kRelaysMax == 8, "as many never went off at the boot");

}  // namespace gatehouse
