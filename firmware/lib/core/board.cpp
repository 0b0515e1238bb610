#include "board.hpp"

#include "effects.hpp"

namespace gatehouse {

Board::Board(const BoardInfo& info, Pins& pins, Flash& flash, Chip& chip, Sealing& sealing)
    : info_(info),
      chip_(chip),
      settings_(flash, info.wiring),
      relays_(pins, info.relayCount),
      guard_(settings_),
      restore_(settings_, relays_),
      session_(client_, relays_, settings_, info_, chip),
      window_(sealing, chip) {}

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
        case Event::Kind::Flash:
            if (flash_.sample(event.pressed, nowMs)) {
                pressFlash(nowMs, effects);
            }
            break;
        case Event::Kind::ClaimConnected:
            window_.connected(nowMs);
            break;
        case Event::Kind::ClaimReceived:
            claimReceived(event.bytes, nowMs, effects);
            break;
        case Event::Kind::ClaimDisconnected:
            if (window_.disconnected()) {
                endWindow(effects);
            }
            break;
        case Event::Kind::Stop:
            stop(nowMs, effects);
            return;
    }
    tick(nowMs, effects);
    progress_.reach(stage());
}

void Board::boot(uint64_t nowMs, Effects& effects) {
    if (!settings_.load()) {
        log(effects, Notice::SettingsFailed);
    }
    bootRelays(nowMs, effects);
    // Held at a boot it would have begun the boot loader.
    flash_.sample(false, nowMs);
    if (settings_.trial() != Settings::Trial::None) {
        trialDueMs_ = nowMs + kTrialMs;
        log(effects, Notice::Trying);
    }
    startWifi(nowMs, effects);
    progress_.reach(stage());
}

void Board::tick(uint64_t nowMs, Effects& effects) {
    tickRelays(nowMs, effects);
    if (!restore_.tick(nowMs)) {
        log(effects, Notice::SettingsFailed);
    }
    tickWifi(nowMs, effects);
    tickLink(nowMs, effects);
    tickClaim(nowMs, effects);
    session_.pump(nowMs);
    const bool said = link_ != Link::Live || client_.inFlight() == 0 || nowMs >= partDueMs_;
    if (parting_ != Parting::No && said) {
        part(nowMs, effects);
    }
}

uint64_t Board::nextDeadlineMs() const {
    uint64_t due = earlier(restore_.nextDeadlineMs(), guard_.nextDeadlineMs(relays_.count()));
    for (uint8_t button = 0; button < relays_.count(); ++button) {
        due = earlier(due, buttons_[button].nextDeadlineMs());
    }
    due = parting_ != Parting::No ? earlier(due, partDueMs_) : due;
    due = earlier(due, earlier(flash_.nextDeadlineMs(), window_.nextDeadlineMs()));
    return earlier(due, earlier(wifiDeadlineMs(), linkDeadlineMs()));
}

LightMeaning Board::light(uint64_t nowMs) const {
    if (nowMs < identifyUntilMs_) {
        return LightMeaning::Identify;
    }
    if (window_.isOpen()) {
        return window_.number() != 0 ? LightMeaning::Number : LightMeaning::Claim;
    }
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

void Board::stop(uint64_t nowMs, Effects& effects) {
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
    tickClaim(nowMs, effects);
    act(effects, Effect::Kind::Stopped);
}

}  // namespace gatehouse
