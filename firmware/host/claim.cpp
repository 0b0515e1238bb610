// A board without a home in the network: what it says there, and who claims it.
#include "virtual_board.hpp"

namespace gatehouse::host {

void VirtualBoard::advertise() {
    const Advert advert = board_->advert();
    const bool open = advert == Advert::Open && claimPort_.listen();
    if (!open) {
        claimPort_.ignore();
    }
    if (advert == Advert::None) {
        return responder_.withdraw();
    }
    const BoardInfo& info = board_->info();
    char buffer[16];
    Writer own(buffer, sizeof buffer);
    const auto copy = [](Text text) { return std::string(text.data, text.size); };
    responder_.say(
        {copy(board_->name(own)), mac_, copy(info.model), copy(info.firmware), open, claimPort_.port()},
        uptimeMs());
}

void VirtualBoard::serveClaim() {
    if (!claimPort_.connected()) {
        if (claimPort_.accept()) {
            post(now(Event::Kind::ClaimConnected));
        }
        return;
    }
    char buffer[ClaimWindow::kReceiveMax];
    const ssize_t count = claimPort_.read(buffer, sizeof buffer);
    if (count > 0) {
        post(Event::claimReceived({buffer, static_cast<size_t>(count)}, uptimeMs()));
    } else if (count < 0) {
        claimPort_.hangUp();
        post(now(Event::Kind::ClaimDisconnected));
    }
}

void VirtualBoard::flushClaim() {
    if (!claimPort_.connected() || board_->claimPending().empty()) {
        return;
    }
    // So few bytes are taken at once, or the peer is gone.
    const ssize_t count = claimPort_.write(board_->claimPending());
    if (count > 0) {
        board_->claimSent(static_cast<size_t>(count));
    }
}

void VirtualBoard::hangUpClaim() {
    flushClaim();
    claimPort_.hangUp();
}

}  // namespace gatehouse::host
