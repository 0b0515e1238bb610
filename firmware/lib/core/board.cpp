#include "board.hpp"

#include "effects.hpp"

namespace gatehouse {

Board::Board(const BoardInfo& info, Pins& pins, Flash& flash, Chip& chip)
    : info_(info),
      chip_(chip),
      settings_(flash),
      relays_(pins, info.relayCount),
      restore_(settings_, relays_),
      session_(client_, relays_, settings_, info_, chip) {}

void Board::handle(const Event& event, Effects& effects) {
    const uint64_t nowMs = event.nowMs;
    switch (event.kind) {
        case Event::Kind::Boot:
            boot(nowMs, effects);
            return;
        case Event::Kind::Tick:
            break;
        case Event::Kind::WifiUp:
            wifiUp(nowMs, effects);
            break;
        case Event::Kind::WifiDown:
            wifiDown(nowMs);
            break;
        case Event::Kind::WifiFailed:
            wifiFailed(event.reason, nowMs, effects);
            break;
        case Event::Kind::ScanResult:
            scanResult(event.bytes, event.rssiDbm, event.secured);
            break;
        case Event::Kind::ScanDone:
            endScan();
            break;
        case Event::Kind::SerialReceived:
            serialReceived(event.bytes, nowMs, effects);
            break;
        case Event::Kind::Securing:
            if (link_ == Link::Dialing) {
                securing_ = true;
                linkDueMs_ = nowMs + kHandshakeMs;
            }
            break;
        case Event::Kind::Connected:
            if (link_ == Link::Dialing) {
                logIn(nowMs);
            }
            break;
        case Event::Kind::Disconnected:
            if (linked()) {
                const bool dialing = link_ == Link::Dialing;
                loseLink(dialing ? Notice::ConnectFailed : Notice::ConnectionLost, 0, false, nowMs, effects);
            }
            break;
        case Event::Kind::Found:
            found(event.bytes, event.port);
            break;
        case Event::Kind::Received:
            received(event.bytes, nowMs, effects);
            break;
        case Event::Kind::Button:
            if (event.button < relays_.count() && buttons_[event.button].sample(event.pressed, nowMs)) {
                press(event.button, nowMs, effects);
            }
            break;
        case Event::Kind::Stop:
            stop(effects);
            return;
    }
    tick(nowMs, effects);
    progress_.reach(stage());
}

void Board::boot(uint64_t nowMs, Effects& effects) {
    if (!settings_.load()) {
        log(effects, Notice::SettingsFailed);
    }
    for (uint8_t relay = 0; relay < relays_.count(); ++relay) {
        const PowerOn policy = settings_.powerOn(relay);
        const bool restored = ((settings_.relayMask() >> relay) & 1) != 0;
        const bool on = policy == PowerOn::On || (policy == PowerOn::Restore && restored);
        RelayBank::Outcome outcome = relays_.boot(relay, on);
        outcome.moved = true;  // the setting at boot is always told
        noteMove(relay, outcome, on, nowMs, effects);
        buttons_[relay].sample(false, nowMs);
    }
    if (settings_.trial() != Settings::Trial::None) {
        trialDueMs_ = nowMs + kTrialMs;
        log(effects, Notice::Trying);
    }
    startWifi(nowMs, effects);
    progress_.reach(stage());
}

void Board::tick(uint64_t nowMs, Effects& effects) {
    for (uint8_t button = 0; button < relays_.count(); ++button) {
        if (buttons_[button].settle(nowMs)) {
            press(button, nowMs, effects);
        }
    }
    if (!restore_.tick(nowMs)) {
        log(effects, Notice::SettingsFailed);
    }
    tickWifi(nowMs, effects);
    tickLink(nowMs, effects);
    session_.pump(nowMs);
}

uint64_t Board::nextDeadlineMs() const {
    uint64_t due = restore_.nextDeadlineMs();
    for (uint8_t button = 0; button < relays_.count(); ++button) {
        due = earlier(due, buttons_[button].nextDeadlineMs());
    }
    return earlier(due, earlier(wifiDeadlineMs(), linkDeadlineMs()));
}

LightMeaning Board::light() const {
    if (info_.safe && wifi_ == Wifi::None) {
        return LightMeaning::Safe;
    }
    switch (stage()) {
        case Stage::Joining:
            return LightMeaning::Joining;
        case Stage::Online:
            return LightMeaning::Online;
        case Stage::Dialing:
        case Stage::Securing:
        case Stage::LoggingIn:
            return LightMeaning::Dialing;
        case Stage::Idle:
        case Stage::Joined:
            break;
    }
    return LightMeaning::NoHome;
}

void Board::stop(Effects& effects) {
    if (!restore_.store()) {
        log(effects, Notice::SettingsFailed);
    }
    if (link_ == Link::Live) {
        session_.sayDisconnected();
    }
    if (link_ == Link::Live || link_ == Link::LoggingIn) {
        client_.disconnect();
    }
    link_ = Link::Stopped;
    act(effects, Effect::Kind::Stopped);
}

void Board::press(uint8_t button, uint64_t nowMs, Effects& effects) {
    const bool on = !relays_.read(button);
    const RelayBank::Outcome outcome = relays_.move(button, on, wire::Cause::Button);
    if (outcome.news) {
        session_.owe(button);
    }
    noteMove(button, outcome, on, nowMs, effects);
}

void Board::noteMove(uint8_t relay, RelayBank::Outcome outcome, bool wanted, uint64_t nowMs,
                     Effects& effects) {
    const Relay& state = relays_[relay];
    if (outcome.moved) {
        Effect effect;
        effect.kind = Effect::Kind::Moved;
        effect.relay = relay;
        effect.on = state.on;
        effect.cause = state.cause;
        effect.number = state.obeyed.seq;
        effects.add(effect);
    }
    if (outcome.news && state.cause != wire::Cause::Boot) {
        restore_.changed(nowMs);
    }
    if (state.on != wanted) {
        log(effects, Notice::ReadBackDiffers, relay);
    }
}

}  // namespace gatehouse
