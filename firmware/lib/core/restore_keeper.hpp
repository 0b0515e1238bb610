// Relay states for `restore`, kept with the life of the flash in mind.
#pragma once

#include "relay_bank.hpp"
#include "settings.hpp"

namespace gatehouse {

/// Stores the states of those relays whose policy is `restore`: after they were quiet for `kQuietMs`, at
/// the latest `kLatestMs` after the first change, and only if what is stored differs.
class RestoreKeeper {
  public:
    static constexpr uint64_t kQuietMs = 1000;
    static constexpr uint64_t kLatestMs = 10000;

    RestoreKeeper(Settings& settings, const RelayBank& relays) : settings_(settings), relays_(relays) {}

    /// A relay moved or a policy changed.
    void changed(uint64_t nowMs) {
        if (!waiting_) {
            waiting_ = true;
            latestMs_ = nowMs + kLatestMs;
        }
        dueMs_ = nowMs + kQuietMs < latestMs_ ? nowMs + kQuietMs : latestMs_;
    }

    /// False when something was due and could not be stored.
    bool tick(uint64_t nowMs) { return !waiting_ || nowMs < dueMs_ || store(); }

    /// Stores what is waiting, due or not.
    bool store() {
        if (!waiting_) {
            return true;
        }
        waiting_ = false;
        uint8_t mask = settings_.relayMask();
        for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
            if (settings_.powerOn(relay) == PowerOn::Restore) {
                const uint8_t bit = static_cast<uint8_t>(1U << relay);
                mask = static_cast<uint8_t>(relays_[relay].on ? mask | bit : mask & ~bit);
            }
        }
        return settings_.setRelayMask(mask);
    }

    uint64_t nextDeadlineMs() const { return waiting_ ? dueMs_ : UINT64_MAX; }

  private:
    Settings& settings_;
    const RelayBank& relays_;
    bool waiting_ = false;
    uint64_t dueMs_ = 0;
    uint64_t latestMs_ = 0;
};

}  // namespace gatehouse
