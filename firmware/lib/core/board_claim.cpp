// A home that comes over the network, while nobody has given the board one.
#include "board.hpp"
#include "effects.hpp"

namespace gatehouse {

bool Board::claimable() const {
    return wifi_ == Wifi::Up && link_ == Link::NotProvisioned && parting_ == Parting::No;
}

Advert Board::advert() const {
    if (!claimable()) {
        return Advert::None;
    }
    return window_.awaitsAttempt() ? Advert::Open : Advert::Closed;
}

void Board::pressFlash(uint64_t nowMs, Effects& effects) {
    if (!claimable()) {
        return log(effects, Notice::FlashInVain);
    }
    // Whoever stands at the board may always begin anew.
    if (window_.isOpen()) {
        act(effects, Effect::Kind::ClaimClose);
    }
    window_.open(nowMs);
    log(effects, Notice::WindowOpen);
}

void Board::tickClaim(uint64_t nowMs, Effects& effects) {
    if (flash_.settle(nowMs)) {
        pressFlash(nowMs, effects);
    }
    if (window_.isOpen() && !claimable()) {
        endWindow(effects);
    }
    heardClaim(window_.tick(nowMs), nowMs, effects);
    if (advert() != advertised_) {
        advertised_ = advert();
        act(effects, Effect::Kind::Advertise);
    }
}

void Board::claimReceived(Text bytes, uint64_t nowMs, Effects& effects) {
    char buffer[16];
    Writer own(buffer, sizeof buffer);
    const Text name = id(own);
    while (!bytes.empty()) {
        const ClaimWindow::Heard heard = window_.receive(bytes, info_, name, nowMs);
        if (!heardClaim(heard, nowMs, effects)) {
            return;
        }
    }
}

bool Board::heardClaim(ClaimWindow::Heard heard, uint64_t nowMs, Effects& effects) {
    switch (heard) {
        case ClaimWindow::Heard::Nothing:
        case ClaimWindow::Heard::Attempt:
            return true;
        case ClaimWindow::Heard::Number: {
            Effect effect;
            effect.kind = Effect::Kind::Log;
            effect.notice = Notice::Blinking;
            effect.number = window_.number();
            effects.add(effect);
            return true;
        }
        case ClaimWindow::Heard::Stranger:
            window_.disconnected();
            act(effects, Effect::Kind::ClaimClose);
            return false;
        case ClaimWindow::Heard::Handover:
            takeHome(nowMs, effects);
            return false;
        case ClaimWindow::Heard::Ended:
            break;
    }
    endWindow(effects);
    return false;
}

void Board::takeHome(uint64_t nowMs, Effects& effects) {
    using Taken = ClaimWindow::Taken;
    Handover handover;
    Taken taken = Taken::NotValid;
    if (parse(window_.document(), handover)) {
        const bool stored = settings_.setHandover(handover.id, handover.secret, handover.host, handover.port,
                                                  handover.authority) &&
                            settings_.tryHandover();
        taken = stored ? Taken::Stored : Taken::NotStored;
    }
    window_.answer(taken);
    endWindow(effects);
    if (taken == Taken::NotStored) {
        log(effects, Notice::SettingsFailed);
    }
    if (taken != Taken::Stored) {
        return;
    }
    act(effects, Effect::Kind::Trust);
    progress_.release();
    log(effects, Notice::HandedOver);
    trialDueMs_ = nowMs + kTrialMs;
    startLink(nowMs, effects);
}

void Board::endWindow(Effects& effects) {
    window_.close();
    act(effects, Effect::Kind::ClaimClose);
    log(effects, Notice::WindowClosed);
}

}  // namespace gatehouse
