#include "virtual_board.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "crc32.hpp"
#include "notices.hpp"

namespace gatehouse::host {
namespace {

volatile std::sig_atomic_t stopRequested = 0;

void requestStop(int) {
    stopRequested = 1;
}

/// Signals are taken only while waiting, so that none falls between a look at the flag and the wait.
sigset_t catchSignals() {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    // A reader of stdout or stderr that goes away must not take the board with it.
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {};
    action.sa_handler = requestStop;
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    sigdelset(&before, SIGTERM);
    sigdelset(&before, SIGINT);
    return before;
}

uint64_t monotonicMs() {
    timespec time = {};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1000000;
}

/// A locally administered address that stays the same for the same flash file.
std::string macFor(const std::string& path) {
    char* const resolved = realpath(path.c_str(), nullptr);
    const std::string name = resolved == nullptr ? path : resolved;
    std::free(resolved);
    const uint32_t low = crc32(name.data(), name.size());
    char text[18];
    std::snprintf(text, sizeof text, "02:67:%02x:%02x:%02x:%02x", low >> 24, (low >> 16) & 255U,
                  (low >> 8) & 255U, low & 255U);
    return text;
}

std::string chipIdOf(const std::string& mac) {
    return mac.substr(9, 2) + mac.substr(12, 2) + mac.substr(15, 2);
}

Text view(const std::string& text) {
    return {text.data(), text.size()};
}

std::string copy(Text text) {
    return {text.data, text.size};
}

}  // namespace

VirtualBoard::VirtualBoard(const Options& options, FileFlash& flash)
    : flash_(flash),
      serialPath_(options.serial),
      given_(options.networks),
      relays_(options.relays),
      mac_(options.mac.empty() ? macFor(options.flash) : options.mac),
      chipId_(chipIdOf(mac_)) {}

uint64_t VirtualBoard::uptimeMs() const {
    return monotonicMs() - bootedMs_;
}

int VirtualBoard::run() {
    const sigset_t whileWaiting = catchSignals();
    std::string error;
    if (!serialPath_.empty() && !serial_.plug(serialPath_, error)) {
        std::fprintf(stderr, "gatehouse-board: %s\n", error.c_str());
        return 1;
    }
    powerOn("power-on"_t);
    while (!stopped_) {
        serial_.attach();
        pollfd fds[6] = {{lines_.fd(), POLLIN, 0},     {connection_.fd(), 0, 0},
                         {browser_.fd(), POLLIN, 0},   {serial_.fd(), POLLIN, 0},
                         {claimPort_.fd(), POLLIN, 0}, {responder_.fd(), POLLIN, 0}};
        const bool open = connection_.state() == Connection::State::Open;
        const bool wantsInput = open && board_->acceptsInput();
        if (wantsInput || connection_.state() == Connection::State::Securing) {
            fds[1].events |= POLLIN;
        }
        if (connection_.wantsToSend() || (open && !board_->pending().empty())) {
            fds[1].events |= POLLOUT;
        }
        if (serial_.wantsToSend()) {
            fds[3].events |= POLLOUT;
        }
        const bool inputWaits = wantsInput && connection_.hasInput();
        const uint64_t nowMs = uptimeMs();
        uint64_t due = std::min({board_->nextDeadlineMs(), finger_.nextDeadlineMs(), radio_.nextDeadlineMs(),
                                 responder_.nextDeadlineMs()});
        if (serial_.plugged() && serial_.fd() < 0) {
            due = std::min(due, nowMs + SerialPort::kAttachEveryMs);
        }
        const uint64_t leftMs = due > nowMs && !inputWaits ? std::min<uint64_t>(due - nowMs, 60000) : 0;
        const timespec timeout = {static_cast<time_t>(leftMs / 1000),
                                  static_cast<long>(leftMs % 1000) * 1000000};
        if (ppoll(fds, 6, &timeout, &whileWaiting) < 0 && errno != EINTR) {
            std::perror("gatehouse-board: cannot wait for events");
            return 1;
        }
        if (stopRequested != 0) {
            post(now(Event::Kind::Stop));
            break;
        }
        if ((fds[1].revents != 0 || inputWaits) && connection_.fd() == fds[1].fd) {
            serveSocket();
        }
        if (fds[2].revents != 0) {
            for (const Found& found : browser_.read()) {
                post(Event::found(view(found.host), found.port, uptimeMs()));
            }
        }
        if (fds[3].revents != 0) {
            serveSerial();
        }
        if (fds[4].revents != 0 && claimPort_.fd() == fds[4].fd) {
            serveClaim();
        }
        if (fds[5].revents != 0) {
            responder_.answer();
        }
        responder_.tick(uptimeMs());
        post(now(Event::Kind::Tick));
        serveRadio();
        if (fds[0].revents != 0) {
            serveLines();
        }
        pressButtons();
        if (restartAsked_) {
            restart();
        }
    }
    return 0;
}

void VirtualBoard::powerOn(Text why) {
    bootedMs_ = monotonicMs();
    serial_.boot();
    finger_ = SimulatedFinger();
    BoardInfo info;
    info.relayCount = static_cast<uint8_t>(relays_);
    info.model = "gatehouse-virtual"_t;
    info.firmware = "0.1.0"_t;
    info.mac = view(mac_);
    info.chipId = view(chipId_);
    info.restartReason = why;
    board_ = std::make_unique<Board>(info, pins_, flash_, chip_, sealing_);
    radio_.lose();
    post(now(Event::Kind::Boot));
    lookAround();
    trust();
}

void VirtualBoard::lookAround() {
    const Settings& settings = board_->settings();
    const bool known = !settings.ssid().empty();
    radio_.wired = !given_ && !known && (serialPath_.empty() || settings.provisioned());
    if (given_) {
        radio_.networks = *given_;
    } else if (known) {
        radio_.networks = {{copy(settings.ssid()), copy(settings.password()), -55}};
    } else if (radio_.networks.empty()) {
        radio_.networks = {{kDefaultNetwork, "", -55}};
    }
    if (radio_.wired) {
        radio_.leave(uptimeMs());
    }
}

void VirtualBoard::trust() {
    Settings& settings = board_->settings();
    char der[Settings::kAuthorityMax];
    size_t size = 0;
    authority_.reset();
    distrust_.clear();
    if (!settings.secured()) {
        connection_.unsecure();
        return;
    }
    Authority authority;
    std::string why = "it cannot be read";
    if (settings.authority(der, sizeof der, size) && readAuthority(std::string(der, size), authority, why)) {
        authority_ = authority;
        connection_.secure(authority);
        return;
    }
    // Nothing is dialled then: that must not end in plain TCP.
    distrust_ = "the authority that was handed over is of no use: " + why;
}

void VirtualBoard::serveRadio() {
    if (const std::optional<Event> event = radio_.joined(uptimeMs())) {
        chip_.rssi = radio_.rssiDbm();
        post(*event);
    }
    if (radio_.scanned(uptimeMs())) {
        for (const Network& network : radio_.networks) {
            post(Event::scanResult(view(network.ssid), network.rssiDbm, !network.password.empty(),
                                   uptimeMs()));
        }
        post(now(Event::Kind::ScanDone));
    }
}

void VirtualBoard::serveSerial() {
    char buffer[Board::kSerialReceiveMax];
    const size_t count = board_->acceptsSerial() ? serial_.read(buffer, sizeof buffer) : 0;
    if (count > 0) {
        post(Event::serialReceived({buffer, count}, uptimeMs()));
    }
    serial_.flush();
}

void VirtualBoard::powerCycle() {
    abandonNetwork();
    pins_.losePower();
    powerOn("power-on"_t);
}

void VirtualBoard::restart() {
    restartAsked_ = false;
    // The core closed the connection. Pins are let go while the chip starts.
    abandonNetwork();
    pins_.losePower();
    powerOn("restart"_t);
}

void VirtualBoard::serveSocket() {
    if (connection_.state() != Connection::State::Open) {
        advanceDial();
        return;
    }
    char buffer[Board::kReceiveMax];
    if (board_->acceptsInput()) {
        const ssize_t count = connection_.read(buffer, sizeof buffer);
        if (count > 0) {
            post(Event::received({buffer, static_cast<size_t>(count)}, uptimeMs()));
        } else if (count < 0) {
            connection_.close();
            post(now(Event::Kind::Disconnected));
        }
    }
    flush();
}

void VirtualBoard::advanceDial() {
    const bool dialing = connection_.state() == Connection::State::Dialing;
    connection_.advance();
    switch (connection_.state()) {
        case Connection::State::Securing:
            if (dialing) {
                post(now(Event::Kind::Securing));
            }
            return;
        case Connection::State::Open:
            post(now(Event::Kind::Connected));
            return;
        default:
            post(now(Event::Kind::Disconnected));
            return;
    }
}

void VirtualBoard::post(const Event& event) {
    Effects effects;
    board_->handle(event, effects);
    // First what the gateway waits for, then what people read.
    flush();
    flushClaim();
    serial_.write(board_->serialPending());
    board_->serialSent(board_->serialPending().size);
    for (const Effect& effect : effects) {
        apply(effect);
    }
    if (dialFailed_) {
        dialFailed_ = false;
        if (!distrust_.empty()) {
            post(now(Event::Kind::Securing));
        }
        post(now(Event::Kind::Disconnected));
    }
}

void VirtualBoard::apply(const Effect& effect) {
    switch (effect.kind) {
        case Effect::Kind::Join:
            abandonNetwork();
            radio_.join(copy(board_->settings().ssid()), copy(board_->settings().password()), uptimeMs());
            return;
        case Effect::Kind::Leave:
            abandonNetwork();
            radio_.leave(uptimeMs());
            return;
        case Effect::Kind::Scan:
            radio_.scan(uptimeMs());
            return;
        case Effect::Kind::Trust:
            trust();
            return;
        case Effect::Kind::Dial:
            dial();
            return;
        case Effect::Kind::Browse:
            if (authority_) {
                const std::string& name = authority_->serverName;
                browser_.ask(name.substr(0, name.find('.')));
            }
            return;
        case Effect::Kind::Advertise:
            advertise();
            return;
        case Effect::Kind::ClaimClose:
            hangUpClaim();
            return;
        case Effect::Kind::Close:
            connection_.close();
            return;
        case Effect::Kind::Moved:
            printMove(effect);
            return;
        case Effect::Kind::Log:
            printNotice(effect);
            return;
        case Effect::Kind::Restart:
            restartAsked_ = true;
            return;
        case Effect::Kind::Stopped:
            connection_.finish(board_->pending(), 500);
            stopped_ = true;
            return;
    }
}

void VirtualBoard::dial() {
    const Text host = board_->dialHost();
    dialFailed_ = !distrust_.empty() || !connection_.dial(copy(host), board_->dialPort());
    browser_.close();
}

void VirtualBoard::flush() {
    if (connection_.state() != Connection::State::Open ||
        (board_->pending().empty() && !connection_.wantsToSend())) {
        return;
    }
    const ssize_t count = connection_.write(board_->pending());
    if (count > 0) {
        board_->sent(static_cast<size_t>(count), uptimeMs());
    } else if (count < 0) {
        connection_.close();
        post(now(Event::Kind::Disconnected));
    }
}

void VirtualBoard::abandonNetwork() {
    connection_.abandon();
    browser_.close();
    claimPort_.abandon();
    responder_.drop();
}

void VirtualBoard::printMove(const Effect& effect) {
    std::puts(moveLine(effect).c_str());
    std::fflush(stdout);
}

void VirtualBoard::printNotice(const Effect& effect) {
    const std::string gateway = copy(board_->dialHost()) + ":" + std::to_string(board_->dialPort());
    const std::string why = distrust_.empty() ? connection_.why() : distrust_;
    // What failed to be joined may be struck out by now.
    const std::string ssid =
        effect.notice == Notice::JoinFailed ? radio_.ssid() : copy(board_->settings().ssid());
    const std::string line = noticeLine(effect, gateway, ssid, why, connection_.secured());
    std::fprintf(stderr, "gatehouse-board: %s\n", line.c_str());
    // As on a board, where the log and the frames share a port.
    serial_.write(view(line + "\r\n"));
}

}  // namespace gatehouse::host
