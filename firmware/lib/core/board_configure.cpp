// What the gateway may change of a board, and have it do ("Settings of a board" of gateway/wire/PROTOCOL.md).
// No relay moves by any of it, but by a restart.
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {
namespace {

constexpr Text kYes = "true"_t;

/// A decimal number of at most six digits, without leading zeros.
bool parseNumber(Text text, uint32_t& out) {
    if (text.empty() || text.size > 6 || (text[0] == '0' && text.size > 1)) {
        return false;
    }
    out = 0;
    for (size_t at = 0; at < text.size; ++at) {
        if (text[at] < '0' || text[at] > '9') {
            return false;
        }
        out = out * 10 + static_cast<uint32_t>(text[at] - '0');
    }
    return true;
}

}  // namespace

void Board::onConfigure(const mqtt::Publish& message, uint64_t nowMs, Effects& effects) {
    wire::Command order;
    if (message.retain) {
        ++drops_.retainedCommands;
        return;
    }
    if (!wire::parse(message.payload, order)) {
        ++drops_.malformedCommands;
        return;
    }
    if (!gate_.admit(order, nowMs)) {
        return refuse(order, wire::Reason::Stale, nowMs);
    }
    // Until it is gone it does what it said it would do, and nothing else.
    wire::Reason reason = parting_ == Parting::No ? wire::Reason::UnknownEndpoint : wire::Reason::Stale;
    const bool done = parting_ == Parting::No &&
                      (order.endpoint.startsWith("system/"_t) ? perform(order, nowMs, reason, effects)
                                                              : configure(order, nowMs, reason, effects));
    if (!done) {
        return refuse(order, reason, nowMs);
    }
    if (!session_.configured(order, nowMs)) {
        ++drops_.unsentRefusals;
    }
}

bool Board::perform(const wire::Command& order, uint64_t nowMs, wire::Reason& reason, Effects& effects) {
    const Text what = order.endpoint.from(7);
    if (what != "identify"_t && what != "restart"_t && what != "forget"_t) {
        return false;
    }
    if (order.value != kYes) {
        reason = wire::Reason::BadValue;
        return false;
    }
    if (what == "identify"_t) {
        identifyUntilMs_ = nowMs + kIdentifyMs;
        log(effects, Notice::Identifying);
        return true;
    }
    if (what == "forget"_t && !settings_.forget()) {
        log(effects, Notice::SettingsFailed);
        reason = wire::Reason::NotStored;
        return false;
    }
    parting_ = what == "restart"_t ? Parting::Restart : Parting::Forget;
    partDueMs_ = nowMs + kLeaveMs;
    return true;
}

bool Board::configure(const wire::Command& order, uint64_t nowMs, wire::Reason& reason, Effects& effects) {
    for (uint8_t which = 0; which < kRelaySettings; ++which) {
        const int relay = homie::parseRelay(order.endpoint, kRelaySettingNames[which], relays_.count());
        if (relay < 0) {
            continue;
        }
        const uint8_t index = static_cast<uint8_t>(relay);
        const RelaySetting setting = static_cast<RelaySetting>(which);
        if (!configureRelay(index, setting, order.value, reason)) {
            if (reason == wire::Reason::NotStored) {
                log(effects, Notice::SettingsFailed);
            }
            // What counts is told also then, for whoever believed that it had been another.
            session_.oweSettings(index);
            return false;
        }
        // With a pulse comes another policy.
        session_.oweSettings(index);
        restore_.changed(nowMs);
        return true;
    }
    return false;
}

bool Board::configureRelay(uint8_t relay, RelaySetting which, Text value, wire::Reason& reason) {
    reason = wire::Reason::BadValue;
    PowerOn policy = PowerOn::Off;
    Wiring wiring;
    uint32_t number = 0;
    bool stored = false;
    switch (which) {
        case RelaySetting::PowerOn:
            if (!parse(value, policy) || (settings_.pulseMs(relay) > 0 && policy != PowerOn::Off)) {
                return false;
            }
            stored = settings_.setPowerOn(relay, policy);
            break;
        case RelaySetting::Pulse:
            if (!parseNumber(value, number) ||
                (number != 0 && (number < kPulseMinMs || number > kPulseMaxMs))) {
                return false;
            }
            if (number != settings_.pulseMs(relay) && !isOff(relay, reason)) {
                return false;
            }
            stored = settings_.setPulse(relay, number);
            break;
        case RelaySetting::Interlock:
            if (!parseNumber(value, number) || number > kInterlockMax) {
                return false;
            }
            if (number != settings_.interlock(relay) && !isOff(relay, reason)) {
                return false;
            }
            stored = settings_.setInterlock(relay, static_cast<uint8_t>(number));
            break;
        case RelaySetting::Wiring:
            if (!parse(value, wiring)) {
                return false;
            }
            if (wiring == settings_.wiring(relay)) {
                return true;
            }
            if (!isOff(relay, reason)) {
                return false;
            }
            stored = settings_.setWiring(relay, wiring);
            if (stored) {
                // Off is another level now.
                relays_.rewire(relay, wiring);
                session_.owe(relay);
            }
            break;
    }
    reason = wire::Reason::NotStored;
    return stored;
}

bool Board::isOff(uint8_t relay, wire::Reason& reason) {
    const bool off = !relays_.read(relay) && !guard_.waits(relay);
    reason = off ? reason : wire::Reason::RelayOn;
    return off;
}

void Board::onNetworkOrder(const mqtt::Publish& message, uint64_t nowMs, Effects& effects) {
    wire::Network network;
    if (message.retain) {
        ++drops_.retainedCommands;
        return;
    }
    if (!wire::parse(message.payload, network)) {
        ++drops_.malformedCommands;
        return;
    }
    const wire::Command order{network.id, network.deadlineMs, "system/network"_t, kYes};
    if (!gate_.admit(order, nowMs) || parting_ != Parting::No) {
        return refuse(order, wire::Reason::Stale, nowMs);
    }
    if (!Settings::isNetwork(network.ssid, network.password)) {
        return refuse(order, wire::Reason::BadValue, nowMs);
    }
    if (!settings_.setNetworkOrder(network.id, network.ssid, network.password)) {
        log(effects, Notice::SettingsFailed);
        return refuse(order, wire::Reason::NotStored, nowMs);
    }
    parting_ = Parting::Network;
    partDueMs_ = nowMs + kLeaveMs;
    if (!session_.configured(order, nowMs)) {
        ++drops_.unsentRefusals;
    }
}

void Board::part(uint64_t nowMs, Effects& effects) {
    const Parting parting = parting_;
    parting_ = Parting::No;
    leaveGateway(effects);
    if (parting == Parting::Network) {
        settings_.beginNetworkTrial();
        return startTrial(nowMs, effects);
    }
    if (parting == Parting::Restart) {
        if (!restore_.store()) {
            log(effects, Notice::SettingsFailed);
        }
        link_ = Link::Stopped;
        log(effects, Notice::Restarting);
        act(effects, Effect::Kind::Restart);
        return;
    }
    trialDueMs_ = joinLimitMs_ = 0;
    log(effects, Notice::Forgotten);
    act(effects, Effect::Kind::Trust);
    act(effects, Effect::Kind::Leave);
    startWifi(nowMs, effects);
}

}  // namespace gatehouse
