// The networks around a board that has no radio.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events.hpp"

namespace gatehouse::host {

struct Network {
    std::string ssid;
    /// Empty: open to everybody.
    std::string password;
    int16_t rssiDbm = -55;
};

/// Joins and finds those networks that there are. What it does takes a moment, and is told by events.
class SimulatedRadio {
  public:
    static constexpr uint64_t kJoinMs = 20;
    static constexpr uint64_t kScanMs = 20;
    /// A network that is weaker can be seen, but gives no address.
    static constexpr int16_t kWeakestDbm = -90;

    std::vector<Network> networks;
    /// The board is always connected, and knows nothing of networks.
    bool wired = false;

    void lose();
    void join(const std::string& ssid, const std::string& password, uint64_t nowMs);
    void leave(uint64_t nowMs);
    void scan(uint64_t nowMs) { scanDueMs_ = nowMs + kScanMs; }
    /// `wifi down` and `wifi up`.
    void switchOn(bool on, uint64_t nowMs);
    const std::string& ssid() const { return ssid_; }
    int16_t rssiDbm() const { return rssiDbm_; }

    uint64_t nextDeadlineMs() const { return joinDueMs_ < scanDueMs_ ? joinDueMs_ : scanDueMs_; }
    /// What came of a Join that is due; the time of the event is `nowMs`.
    std::optional<Event> joined(uint64_t nowMs);
    /// A scan is due.
    bool scanned(uint64_t nowMs);

  private:
    bool on_ = true;
    bool asked_ = false;
    std::string ssid_;
    std::string password_;
    int16_t rssiDbm_ = -55;
    uint64_t joinDueMs_ = UINT64_MAX;
    uint64_t scanDueMs_ = UINT64_MAX;
};

}  // namespace gatehouse::host
