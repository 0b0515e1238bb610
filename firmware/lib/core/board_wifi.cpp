// The network, and what came by the serial port and has yet to prove itself ("What is tried, and what stays"
// of gateway/wire/PROVISIONING.md). None of it moves a relay.
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {

void Board::startWifi(uint64_t nowMs, Effects& effects) {
    if (settings_.ssid().empty() || info_.safe) {
        wifi_ = Wifi::None;
        return;
    }
    join(nowMs, effects);
}

void Board::join(uint64_t nowMs, Effects& effects) {
    wifi_ = Wifi::Joining;
    joinDueMs_ = nowMs + kJoinMs;
    act(effects, Effect::Kind::Join);
}

void Board::tickWifi(uint64_t nowMs, Effects& effects) {
    if (link_ == Link::Stopped) {
        return;
    }
    if (scanDueMs_ != 0 && nowMs >= scanDueMs_) {
        endScan();
    }
    if (joinLimitMs_ != 0 && nowMs >= joinLimitMs_) {
        progress_.setBack(Setback::NoAddress);
        return giveUpJoining(nowMs, effects);
    }
    if (trialDueMs_ != 0 && nowMs >= trialDueMs_) {
        return strikeOut(nowMs, effects);
    }
    if (wifi_ == Wifi::Joining && nowMs >= joinDueMs_) {
        join(nowMs, effects);
    }
}

uint64_t Board::wifiDeadlineMs() const {
    if (link_ == Link::Stopped) {
        return UINT64_MAX;
    }
    uint64_t due = wifi_ == Wifi::Joining ? joinDueMs_ : UINT64_MAX;
    const uint64_t limits[] = {scanDueMs_, joinLimitMs_, trialDueMs_};
    for (const uint64_t one : limits) {
        due = one != 0 ? earlier(due, one) : due;
    }
    return due;
}

void Board::wifiUp(uint64_t nowMs, Effects& effects) {
    if (link_ != Link::NoWifi) {
        return;
    }
    wifi_ = Wifi::Up;
    if (joinLimitMs_ != 0) {
        joinLimitMs_ = 0;
        sayState(improv::Command::Network);
    }
    if (settings_.trial() == Settings::Trial::Network && !settings_.ordered()) {
        adopt(effects);
    }
    startLink(nowMs, effects);
}

void Board::wifiDown(uint64_t nowMs) {
    if (link_ == Link::Stopped) {
        return;
    }
    endLink();
    client_.out().clear();
    wifi_ = settings_.ssid().empty() ? Wifi::None : Wifi::Joining;
    // The adapter comes back by itself, as long as nothing is wrong.
    joinDueMs_ = nowMs + kJoinMs;
}

void Board::wifiFailed(WifiFailure reason, uint64_t nowMs, Effects& effects) {
    if (wifi_ != Wifi::Joining) {
        return;
    }
    constexpr Setback kSetbacks[] = {Setback::NoNetwork, Setback::WrongPassword, Setback::NoAddress};
    progress_.setBack(kSetbacks[static_cast<size_t>(reason)]);
    Effect effect;
    effect.kind = Effect::Kind::Log;
    effect.notice = Notice::JoinFailed;
    effect.failure = reason;
    effects.add(effect);
    if (joinLimitMs_ == 0) {
        joinDueMs_ = nowMs + kRejoinMs;
    } else if (++joinFailures_ < kJoinAttempts) {
        join(nowMs, effects);
    } else {
        giveUpJoining(nowMs, effects);
    }
}

void Board::startTrial(uint64_t nowMs, Effects& effects) {
    leaveGateway(effects);
    if (settings_.trial() == Settings::Trial::Handover) {
        act(effects, Effect::Kind::Trust);
    }
    progress_.release();
    log(effects, Notice::Trying);
    joinFailures_ = 0;
    joinLimitMs_ = nowMs + kJoinMs;
    trialDueMs_ = nowMs + kTrialMs;
    join(nowMs, effects);
    sayState(improv::Command::Network);
}

void Board::adopt(Effects& effects) {
    trialDueMs_ = 0;
    log(effects, settings_.adopt() ? Notice::Adopted : Notice::SettingsFailed);
}

void Board::giveUpJoining(uint64_t nowMs, Effects& effects) {
    serial_.say(improv::Error::UnableToConnect);
    strikeOut(nowMs, effects);
    serial_.say(improv::State::Authorized);
}

void Board::strikeOut(uint64_t nowMs, Effects& effects) {
    trialDueMs_ = joinLimitMs_ = 0;
    progress_.hold();
    leaveGateway(effects);
    // The words of both are the same, and so is their order.
    static_assert(static_cast<uint8_t>(Setback::Refused) + 1 == static_cast<uint8_t>(Outcome::Refused), "");
    const Setback why = progress_.setback() == Setback::None ? Setback::Unreachable : progress_.setback();
    const Outcome outcome = static_cast<Outcome>(static_cast<uint8_t>(why) + 1);
    log(effects, settings_.strikeOut(outcome) ? Notice::StruckOut : Notice::SettingsFailed);
    act(effects, Effect::Kind::Trust);
    if (settings_.ssid().empty()) {
        act(effects, Effect::Kind::Leave);
    }
    startWifi(nowMs, effects);
}

void Board::leaveGateway(Effects& effects) {
    if (link_ == Link::Live) {
        session_.sayDisconnected();
        client_.disconnect();
    } else {
        client_.out().clear();
    }
    if (linked()) {
        act(effects, Effect::Kind::Close);
    }
    endLink();
}

}  // namespace gatehouse
