#include "homie_session.hpp"

namespace gatehouse {
namespace {

constexpr uint8_t kSystemProperties = 8;
constexpr uint8_t kUptime = 2;
constexpr uint64_t kUptimeRetryMs = 1000;
constexpr uint8_t kVolatileProperties = 3;  // rssi, heap and uptime change; the others never do

}  // namespace

void HomieSession::setId(Text id) {
    Writer out(base_, sizeof base_);
    homie::writeBase(out, id);
    baseSize_ = out.text().size;
}

void HomieSession::begin(uint32_t session, uint64_t nowMs) {
    step_ = Step::State;
    item_ = 0;
    sessionAnnounced_ = false;
    readyAnnounced_ = false;
    session_ = session;
    owedReports_ = owedTargets_ = owedValues_ = 0;
    memset(owedSettings_, 0, sizeof owedSettings_);
    beganMs_ = nowMs;
    uptimeDueMs_ = nowMs + kUptimeEveryMs;
}

void HomieSession::owe(uint8_t relay) {
    owedReports_ |= maskOf(relay);
    owedTargets_ |= maskOf(relay);
    owedValues_ |= maskOf(relay);
}

bool HomieSession::refuse(const wire::Command& command, wire::Reason reason, uint64_t nowMs) {
    wire::Refusal refusal;
    refusal.id = command.id;
    refusal.uptimeMs = nowMs;
    refusal.endpoint = command.endpoint;
    refusal.reason = reason;
    char buffer[wire::kPayloadMax];
    Writer payload(buffer, sizeof buffer);
    wire::encode(refusal, payload);
    return publish("$refusal"_t, payload.text(), false);
}

bool HomieSession::configured(const wire::Command& order, uint64_t nowMs) {
    wire::Configured configured;
    configured.id = order.id;
    configured.uptimeMs = nowMs;
    configured.endpoint = order.endpoint;
    configured.value = order.value;
    char buffer[wire::kPayloadMax];
    Writer payload(buffer, sizeof buffer);
    wire::encode(configured, payload);
    return publish("$configured"_t, payload.text(), false);
}

void HomieSession::sayDisconnected() {
    publish("$state"_t, "disconnected"_t, true);
    end();
}

uint64_t HomieSession::nextDeadlineMs() const {
    if (step_ == Step::Idle) {
        return UINT64_MAX;
    }
    return step_ == Step::Ready ? uptimeDueMs_ : beganMs_ + kAnnounceMs;
}

void HomieSession::pump(uint64_t nowMs) {
    if (step_ == Step::Idle) {
        return;
    }
    while (pumpOwed(nowMs) && client_.inFlight() < kAnnounceInFlight && advance(nowMs)) {
    }
    if (step_ != Step::Ready || nowMs < uptimeDueMs_) {
        return;
    }
    if (client_.inFlight() >= kAnnounceInFlight) {
        uptimeDueMs_ = nowMs + kUptimeRetryMs;
        return;
    }
    for (uint8_t property = 0; property < kVolatileProperties; ++property) {
        publishSystem(property, nowMs);
    }
    uptimeDueMs_ = nowMs + kUptimeEveryMs;
}

bool HomieSession::pumpOwed(uint64_t nowMs) {
    if (!sessionAnnounced_) {
        return true;  // the boot order says it all first
    }
    // Every report goes before any value: the gateway waits for reports.
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        if (!pay(owedReports_, relay, [&] { return publishReport(relay, nowMs); })) {
            return false;
        }
    }
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        const Text on = homie::boolean(relays_[relay].on);
        if (!pay(owedTargets_, relay, [&] { return publishRelay(relay, "on/$target"_t, on); }) ||
            !pay(owedValues_, relay, [&] { return publishRelay(relay, "on"_t, on); })) {
            return false;
        }
        for (uint8_t which = 0; which < kRelaySettings; ++which) {
            const RelaySetting setting = static_cast<RelaySetting>(which);
            if (!pay(owedSettings_[which], relay, [&] { return publishSetting(relay, setting); })) {
                return false;
            }
        }
    }
    return true;
}

bool HomieSession::advance(uint64_t nowMs) {
    switch (step_) {
        case Step::State:
            if (!publish("$state"_t, "init"_t, true)) {
                return false;
            }
            step_ = Step::Description;
            return true;
        case Step::Description:
            if (!publishDescription()) {
                return false;
            }
            step_ = Step::System;
            return true;
        case Step::System:
            if (!publishSystem(item_, nowMs)) {
                return false;
            }
            if (++item_ == kSystemProperties) {
                item_ = 0;
                step_ = Step::Relays;
            }
            return true;
        case Step::Relays:
            return advanceRelays();
        case Step::Session:
            if (!publishSession(nowMs)) {
                return false;
            }
            sessionAnnounced_ = true;
            owedReports_ = static_cast<uint8_t>((1U << relays_.count()) - 1U);
            step_ = Step::Tried;
            return true;
        case Step::Tried:
            if (!publishTried(nowMs)) {
                return false;
            }
            step_ = Step::Reports;
            return true;
        case Step::Reports:  // pumpOwed has sent them all when it lets this step run
            step_ = Step::Subscribe;
            return true;
        case Step::Subscribe:
            if (!client_.subscribe(base(), {"$command"_t, "$credential"_t, "$configure"_t, "$network"_t})) {
                return false;
            }
            step_ = Step::AwaitSuback;
            return true;
        case Step::Ready:
            if (readyAnnounced_ || !publish("$state"_t, "ready"_t, true)) {
                return false;
            }
            readyAnnounced_ = true;
            return true;
        case Step::Idle:
        case Step::AwaitSuback:
            return false;
    }
    return false;
}

bool HomieSession::advanceRelays() {
    constexpr uint8_t kItems = 2 + kRelaySettings;
    const uint8_t relay = item_ / kItems;
    const uint8_t item = item_ % kItems;
    const Text on = homie::boolean(relays_[relay].on);
    bool done = false;
    switch (item) {
        case 0:
            done = publishRelay(relay, "on/$target"_t, on);
            break;
        case 1:
            done = publishRelay(relay, "on"_t, on);
            break;
        default:
            done = publishSetting(relay, static_cast<RelaySetting>(item - 2));
    }
    if (!done) {
        return false;
    }
    if (++item_ == kItems * relays_.count()) {
        item_ = 0;
        step_ = Step::Session;
    }
    return true;
}

bool HomieSession::publishRelay(uint8_t relay, Text property, Text payload) {
    char buffer[48];
    Writer topic(buffer, sizeof buffer);
    homie::writeRelay(topic, relay, property);
    return publish(topic.text(), payload, true);
}

bool HomieSession::publishSetting(uint8_t relay, RelaySetting which) {
    char buffer[12];
    Writer value(buffer, sizeof buffer);
    switch (which) {
        case RelaySetting::PowerOn:
            value.put(toText(settings_.powerOn(relay)));
            break;
        case RelaySetting::Pulse:
            value.number(settings_.pulseMs(relay));
            break;
        case RelaySetting::Interlock:
            value.number(settings_.interlock(relay));
            break;
        case RelaySetting::Wiring:
            value.put(toText(settings_.wiring(relay)));
            break;
    }
    return publishRelay(relay, kRelaySettingNames[static_cast<uint8_t>(which)], value.text());
}

bool HomieSession::publishDescription() {
    Writer size;
    homie::writeDescription(size, info_);
    char* const at = client_.beginPublish(base(), "$description"_t, size.size(), true);
    if (at == nullptr) {
        return false;
    }
    Writer payload(at, size.size());
    homie::writeDescription(payload, info_);
    return true;
}

bool HomieSession::publishSystem(uint8_t property, uint64_t nowMs) {
    static constexpr Text kNames[kSystemProperties] = {
        "system/rssi"_t,     "system/heap"_t,  "system/uptime"_t, "system/restart-reason"_t,
        "system/firmware"_t, "system/model"_t, "system/mac"_t,    "system/chip-id"_t};
    const Text fixed[] = {info_.restartReason, info_.firmware, info_.model, info_.mac, info_.chipId};
    if (property >= kVolatileProperties) {
        return publish(kNames[property], fixed[property - kVolatileProperties], true);
    }
    char buffer[24];
    Writer payload(buffer, sizeof buffer);
    if (property == kUptime) {
        payload.number(nowMs);
    } else if (property == 1) {
        payload.number(chip_.freeHeapBytes());
    } else {
        const int32_t rssi = chip_.rssiDbm();
        if (rssi < 0) {
            payload.put('-');
        }
        payload.number(static_cast<uint64_t>(rssi < 0 ? -static_cast<int64_t>(rssi) : rssi));
    }
    return publish(kNames[property], payload.text(), true);
}

bool HomieSession::publishSession(uint64_t nowMs) {
    char buffer[wire::kPayloadMax];
    Writer payload(buffer, sizeof buffer);
    wire::encode(wire::SessionStart{session_, nowMs}, payload);
    return publish("$session"_t, payload.text(), false);
}

bool HomieSession::publishTried(uint64_t nowMs) {
    const NetworkOrder& order = settings_.networkOrder();
    if (order.id.session == 0 || order.outcome == Outcome::None) {
        return true;
    }
    char buffer[wire::kPayloadMax];
    Writer payload(buffer, sizeof buffer);
    wire::encode(wire::Tried{order.id, nowMs, toText(order.outcome)}, payload);
    return publish("$tried"_t, payload.text(), false);
}

bool HomieSession::publishReport(uint8_t relay, uint64_t nowMs) {
    const Relay& state = relays_[relay];
    char name[32];
    Writer endpoint(name, sizeof name);
    homie::writeRelay(endpoint, relay, "on"_t);
    wire::Report report;
    report.session = session_;
    report.counter = counter_ + 1;
    report.uptimeMs = nowMs;
    report.endpoint = endpoint.text();
    report.value = homie::boolean(state.on);
    report.cause = state.cause;
    report.obeyed = state.obeyed;
    char buffer[wire::kPayloadMax];
    Writer payload(buffer, sizeof buffer);
    wire::encode(report, payload);
    if (!publish("$report"_t, payload.text(), false)) {
        return false;
    }
    ++counter_;
    return true;
}

}  // namespace gatehouse
