// What comes by the serial port (gateway/wire/PROVISIONING.md).
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {

void Board::serialReceived(Text bytes, uint64_t nowMs, Effects& effects) {
    serial_.heard(nowMs);
    while (true) {
        const improv::Parser::Found found = serial_.next(bytes);
        if (found == improv::Parser::Found::Nothing) {
            return;
        }
        const improv::Parser& frame = serial_.frame();
        improv::Command command = improv::Command::State;
        Text rest;
        if (found == improv::Parser::Found::BadChecksum) {
            serial_.say(improv::Error::InvalidRpc);
        } else if (frame.type() != static_cast<uint8_t>(improv::Type::Rpc)) {
            // What another board would say.
        } else if (!improv::splitRpc(frame.data(), command, rest)) {
            serial_.say(improv::Error::InvalidRpc);
        } else {
            onRpc(command, rest, nowMs, effects);
        }
    }
}

void Board::onRpc(improv::Command command, Text rest, uint64_t nowMs, Effects& effects) {
    switch (command) {
        case improv::Command::Network:
            return onNetwork(rest, nowMs, effects);
        case improv::Command::State:
            return sayState(command);
        case improv::Command::Info:
            return sayInfo();
        case improv::Command::Scan:
            return onScan(nowMs, effects);
        case improv::Command::Handover:
            return onChunk(rest, nowMs, effects);
        case improv::Command::Progress: {
            improv::Result result(command);
            return serial_.say(result.add(progress_.word()));
        }
        case improv::Command::Identity:
            return sayIdentity();
    }
    serial_.say(improv::Error::UnknownRpc);
}

void Board::onNetwork(Text rest, uint64_t nowMs, Effects& effects) {
    Text ssid;
    Text password;
    if (!improv::splitNetwork(rest, ssid, password) || !Settings::isNetwork(ssid, password)) {
        return serial_.say(improv::Error::InvalidRpc);
    }
    const bool same = settings_.ssid() == ssid && settings_.password() == password;
    const bool onTrial = settings_.trial() != Settings::Trial::None;
    if (same && !settings_.handedOver() && (onTrial || wifi_ == Wifi::Up)) {
        // Asked again, because the answer was lost or nothing is to change.
        if (wifi_ != Wifi::Up && joinLimitMs_ == 0) {
            joinLimitMs_ = nowMs + kJoinMs;
            joinFailures_ = 0;
        }
        return sayState(improv::Command::Network);
    }
    if (settings_.tryNetwork(ssid, password)) {
        return startTrial(nowMs, effects);
    }
    log(effects, Notice::SettingsFailed);
    serial_.say(improv::Error::NotStored);
    if (onTrial) {
        strikeOut(nowMs, effects);
    }
}

void Board::onChunk(Text rest, uint64_t nowMs, Effects& effects) {
    improv::Chunk chunk;
    Handover handover;
    improv::Result result(improv::Command::Handover);
    if (!improv::splitChunk(rest, chunk)) {
        return serial_.say(improv::Error::InvalidRpc);
    }
    switch (serial_.intake.take(chunk)) {
        case HandoverIntake::Taken::Refused:
            return serial_.say(improv::Error::InvalidRpc);
        case HandoverIntake::Taken::More: {
            char digits[4];
            Writer number(digits, sizeof digits);
            number.number(serial_.intake.expected());
            return serial_.say(result.add(number.text()));
        }
        case HandoverIntake::Taken::WholeAgain:
            return serial_.say(result.add("stored"_t));
        case HandoverIntake::Taken::Whole:
            break;
    }
    if (!parse(serial_.intake.document(), handover)) {
        serial_.intake.reset();
        return serial_.say(improv::Error::InvalidRpc);
    }
    if (settings_.trial() != Settings::Trial::None) {
        strikeOut(nowMs, effects);
    }
    if (!settings_.setHandover(handover.id, handover.secret, handover.host, handover.port,
                               handover.authority)) {
        serial_.intake.reset();
        log(effects, Notice::SettingsFailed);
        return serial_.say(improv::Error::NotStored);
    }
    serial_.say(result.add("stored"_t));
}

void Board::onScan(uint64_t nowMs, Effects& effects) {
    if (scanDueMs_ != 0) {
        return;  // its results are on the way
    }
    scanDueMs_ = nowMs + kScanMs;
    act(effects, Effect::Kind::Scan);
}

void Board::scanResult(Text ssid, int16_t rssiDbm, bool secured) {
    // Room is kept for the end of the list.
    if (scanDueMs_ == 0 || ssid.empty() || ssid.size > Settings::kSsidMax || !serial_.hasRoom()) {
        return;
    }
    char text[8];
    Writer strength(text, sizeof text);
    if (rssiDbm < 0) {
        strength.put('-');
    }
    strength.number(static_cast<uint64_t>(rssiDbm < 0 ? -rssiDbm : rssiDbm));
    improv::Result result(improv::Command::Scan);
    serial_.say(result.add(ssid).add(strength.text()).add(secured ? "YES"_t : "NO"_t));
}

void Board::endScan() {
    if (scanDueMs_ != 0) {
        scanDueMs_ = 0;
        improv::Result result(improv::Command::Scan);
        serial_.say(result);
    }
}

void Board::sayState(improv::Command asked) {
    if (joinLimitMs_ != 0) {
        return serial_.say(improv::State::Provisioning);
    }
    if (wifi_ != Wifi::Up) {
        return serial_.say(improv::State::Authorized);
    }
    serial_.say(improv::State::Provisioned);
    improv::Result result(asked);
    serial_.say(result);
}

Text Board::id(Writer& own) const {
    if (!settings_.id().empty()) {
        return settings_.id();
    }
    own.put("relay-"_t);
    const Text mac = info_.mac;
    for (size_t at = mac.size > 8 ? mac.size - 8 : 0; at < mac.size; ++at) {
        if (mac[at] != ':') {
            own.put(mac[at]);
        }
    }
    return own.text();
}

void Board::sayInfo() {
    char buffer[16];
    Writer own(buffer, sizeof buffer);
    improv::Result result(improv::Command::Info);
    serial_.say(result.add("Gatehouse"_t).add(info_.firmware).add("ESP8266"_t).add(id(own)));
}

void Board::sayIdentity() {
    char buffer[16];
    Writer own(buffer, sizeof buffer);
    char digit[4];
    Writer relays(digit, sizeof digit);
    relays.number(info_.relayCount);
    char home[Settings::kHomeIdSize];
    improv::Result result(improv::Command::Identity);
    result.add("1"_t).add(id(own)).add(info_.mac).add(info_.chipId).add(info_.model).add(relays.text());
    serial_.say(result.add(settings_.homeId(home) ? Text(home, sizeof home) : Text()));
}

Stage Board::stage() const {
    switch (link_) {
        case Link::NotProvisioned:
            return Stage::Joined;
        case Link::Waiting:
        case Link::Browsing:
            return Stage::Dialing;
        case Link::Dialing:
            return securing_ ? Stage::Securing : Stage::Dialing;
        case Link::LoggingIn:
            return Stage::LoggingIn;
        case Link::Live:
            return Stage::Online;
        case Link::NoWifi:
        case Link::Stopped:
            break;
    }
    return wifi_ == Wifi::Joining ? Stage::Joining : Stage::Idle;
}

}  // namespace gatehouse
