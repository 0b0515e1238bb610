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

std::string because(const std::string& why) {
    return why.empty() ? "" : ": " + why;
}

}  // namespace

VirtualBoard::VirtualBoard(const Options& options, FileFlash& flash, std::optional<Authority> authority)
    : flash_(flash),
      authority_(std::move(authority)),
      relays_(options.relays),
      mac_(options.mac.empty() ? macFor(options.flash) : options.mac),
      chipId_(chipIdOf(mac_)) {}

uint64_t VirtualBoard::uptimeMs() const {
    return monotonicMs() - bootedMs_;
}

int VirtualBoard::run() {
    const sigset_t whileWaiting = catchSignals();
    powerOn();
    while (!stopped_) {
        pollfd fds[3] = {{lines_.fd(), POLLIN, 0}, {connection_.fd(), 0, 0}, {browser_.fd(), POLLIN, 0}};
        const bool open = connection_.state() == Connection::State::Open;
        const bool wantsInput = open && board_->acceptsInput();
        if (wantsInput || connection_.state() == Connection::State::Securing) {
            fds[1].events |= POLLIN;
        }
        if (connection_.wantsToSend() || (open && !board_->pending().empty())) {
            fds[1].events |= POLLOUT;
        }
        const bool inputWaits = wantsInput && connection_.hasInput();
        const uint64_t due = std::min(board_->nextDeadlineMs(), finger_.nextDeadlineMs());
        const uint64_t nowMs = uptimeMs();
        const uint64_t leftMs = due > nowMs && !inputWaits ? std::min<uint64_t>(due - nowMs, 60000) : 0;
        const timespec timeout = {static_cast<time_t>(leftMs / 1000),
                                  static_cast<long>(leftMs % 1000) * 1000000};
        if (ppoll(fds, 3, &timeout, &whileWaiting) < 0 && errno != EINTR) {
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
        post(now(Event::Kind::Tick));
        if (fds[0].revents != 0) {
            serveLines();
        }
        pressButtons();
    }
    return 0;
}

void VirtualBoard::powerOn() {
    bootedMs_ = monotonicMs();
    if (authority_) {
        connection_.secure(*authority_);
    }
    finger_ = SimulatedFinger();
    BoardInfo info;
    info.relayCount = static_cast<uint8_t>(relays_);
    info.model = "gatehouse-virtual"_t;
    info.firmware = "0.1.0"_t;
    info.mac = view(mac_);
    info.chipId = view(chipId_);
    info.restartReason = "power-on"_t;
    board_ = std::make_unique<Board>(info, pins_, flash_, chip_);
    post(now(Event::Kind::Boot));
    if (wifi_) {
        post(now(Event::Kind::WifiUp));
    }
}

void VirtualBoard::powerCycle() {
    connection_.abandon();
    pins_.losePower();
    powerOn();
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
    for (const Effect& effect : effects) {
        apply(effect);
    }
    if (dialFailed_) {
        dialFailed_ = false;
        post(now(Event::Kind::Disconnected));
    }
}

void VirtualBoard::apply(const Effect& effect) {
    switch (effect.kind) {
        case Effect::Kind::Dial:
            dial();
            return;
        case Effect::Kind::Browse:
            if (authority_) {
                const std::string& name = authority_->serverName;
                browser_.ask(name.substr(0, name.find('.')));
            }
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
        case Effect::Kind::Stopped:
            connection_.finish(board_->pending(), 500);
            stopped_ = true;
            return;
    }
}

void VirtualBoard::dial() {
    const Text host = board_->dialHost();
    dialFailed_ = !connection_.dial(std::string(host.data, host.size), board_->dialPort());
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

void VirtualBoard::pressButtons() {
    finger_.move(uptimeMs(), [this](uint8_t button, bool pressed) {
        post(Event::buttonLevel(button, pressed, uptimeMs()));
    });
}

void VirtualBoard::serveLines() {
    for (const std::string& line : lines_.read()) {
        if (!stopped_) {
            obeyLine(line);
        }
    }
}

void VirtualBoard::obeyLine(const std::string& line) {
    unsigned number = 0;
    char word[8] = {};
    int end = 0;
    const char* const text = line.c_str();
    const int length = static_cast<int>(line.size());
    const auto isRelay = [&] { return end == length && number >= 1 && number <= relays_; };
    if (std::sscanf(text, "button %1u%n", &number, &end) == 1 && isRelay()) {
        if (!finger_.press(static_cast<uint8_t>(number - 1))) {
            std::fprintf(stderr, "gatehouse-board: too many presses of button %u wait\n", number);
        }
    } else if (std::sscanf(text, "stick %1u %3s%n", &number, word, &end) == 2 && isRelay() &&
               (std::string(word) == "on" || std::string(word) == "off")) {
        pins_.stick(static_cast<uint8_t>(number - 1), std::string(word) == "on");
    } else if (std::sscanf(text, "unstick %1u%n", &number, &end) == 1 && isRelay()) {
        pins_.unstick(static_cast<uint8_t>(number - 1));
    } else if (line == "flash-button") {
        std::fprintf(stderr, "gatehouse-board: the FLASH button has no meaning to this firmware\n");
    } else if (line == "power-cycle") {
        powerCycle();
    } else if (line == "wifi down") {
        wifi_ = false;
        connection_.abandon();
        post(now(Event::Kind::WifiDown));
    } else if (line == "wifi up") {
        wifi_ = true;
        post(now(Event::Kind::WifiUp));
    } else if (line == "quit") {
        post(now(Event::Kind::Stop));
    } else if (!line.empty()) {
        std::fprintf(stderr,
                     "gatehouse-board: cannot do \"%s\": use button N, flash-button, power-cycle, wifi "
                     "down, wifi up, stick N on|off, unstick N or quit, with N from 1 to %u\n",
                     text, relays_);
    }
}

void VirtualBoard::printMove(const Effect& effect) {
    const Text cause = wire::toText(effect.cause);
    std::printf("relay %u %s cause=%.*s seq=%u\n", effect.relay + 1U, effect.on ? "on" : "off",
                static_cast<int>(cause.size), cause.data, effect.number);
    std::fflush(stdout);
}

void VirtualBoard::printNotice(const Effect& effect) {
    const Text host = board_->dialHost();
    const std::string gateway = std::string(host.data, host.size) + ":" + std::to_string(board_->dialPort());
    std::string text;
    switch (effect.notice) {
        case Notice::NotProvisioned:
            text = "no gateway and credential stored: give --gateway, --id and --secret-file; buttons work";
            break;
        case Notice::Ready:
            text = "ready at " + gateway + (connection_.secured() ? " with TLS" : "");
            break;
        case Notice::ConnectFailed:
            text = "cannot connect to " + gateway + because(connection_.why());
            break;
        case Notice::ConnectionLost:
            text = connection_.why().empty() ? gateway + " closed the connection"
                                             : "lost " + gateway + because(connection_.why());
            break;
        case Notice::LoginRefused:
            text = gateway + " refused the login with code " + std::to_string(effect.number) +
                   (effect.number == 4 || effect.number == 5 ? ": check --id and --secret-file" : "");
            break;
        case Notice::Browsing:
            text = "the gateway is not at " + gateway + "; asking the network where it is";
            break;
        case Notice::GatewayMoved:
            text = "the gateway is at " + gateway + " now";
            break;
        case Notice::NewSecret:
            text = "got a new secret from " + gateway + "; logging in with it";
            break;
        case Notice::NewSecretRefused:
            text = gateway + " does not know the new secret it gave; the old one is used again";
            break;
        case Notice::SubscribeRefused:
            text = gateway + " refused the subscriptions: this credential may not receive commands";
            break;
        case Notice::BrokerMute:
            text = gateway + " does not answer";
            break;
        case Notice::MalformedPacket:
            text = gateway + " sent what MQTT 3.1.1 does not allow";
            break;
        case Notice::ReadBackDiffers:
            text = "relay " + std::to_string(effect.relay + 1) + " does not do what its pin was told";
            break;
        case Notice::SettingsFailed:
            text = "the settings flash cannot be read or written";
            break;
    }
    if (effect.retryMs > 0) {
        text += "; trying again in " + std::to_string(effect.retryMs) + " ms";
    }
    std::fprintf(stderr, "gatehouse-board: %s\n", text.c_str());
}

}  // namespace gatehouse::host
