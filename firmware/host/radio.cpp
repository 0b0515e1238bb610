#include "radio.hpp"

namespace gatehouse::host {

void SimulatedRadio::lose() {
    asked_ = false;
    scanDueMs_ = UINT64_MAX;
    joinDueMs_ = wired && on_ ? 0 : UINT64_MAX;
}

void SimulatedRadio::join(const std::string& ssid, const std::string& password, uint64_t nowMs) {
    ssid_ = ssid;
    password_ = password;
    asked_ = true;
    joinDueMs_ = on_ ? nowMs + kJoinMs : UINT64_MAX;
}

void SimulatedRadio::leave(uint64_t nowMs) {
    asked_ = false;
    joinDueMs_ = wired && on_ ? nowMs + kJoinMs : UINT64_MAX;
}

void SimulatedRadio::switchOn(bool on, uint64_t nowMs) {
    on_ = on;
    joinDueMs_ = on && asked_ ? nowMs + kJoinMs : on && wired ? nowMs : UINT64_MAX;
}

std::optional<Event> SimulatedRadio::joined(uint64_t nowMs) {
    if (nowMs < joinDueMs_) {
        return std::nullopt;
    }
    joinDueMs_ = UINT64_MAX;
    if (!asked_) {
        return Event::of(Event::Kind::WifiUp, nowMs);
    }
    for (const Network& network : networks) {
        if (network.ssid != ssid_) {
            continue;
        }
        if (!network.password.empty() && network.password != password_) {
            return Event::wifiFailed(WifiFailure::WrongPassword, nowMs);
        }
        if (network.rssiDbm < kWeakestDbm) {
            return Event::wifiFailed(WifiFailure::NoAddress, nowMs);
        }
        rssiDbm_ = network.rssiDbm;
        return Event::of(Event::Kind::WifiUp, nowMs);
    }
    return Event::wifiFailed(WifiFailure::NoNetwork, nowMs);
}

bool SimulatedRadio::scanned(uint64_t nowMs) {
    const bool due = nowMs >= scanDueMs_;
    scanDueMs_ = due ? UINT64_MAX : scanDueMs_;
    return due;
}

}  // namespace gatehouse::host
