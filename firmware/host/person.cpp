// What a person does to a virtual board: lines on its stdin.
#include <cstdio>

#include "virtual_board.hpp"

namespace gatehouse::host {

void VirtualBoard::pressButtons() {
    finger_.move(uptimeMs(), [this](uint8_t button, bool pressed) {
        post(button == SimulatedFinger::kFlash ? Event::flashLevel(pressed, uptimeMs())
                                               : Event::buttonLevel(button, pressed, uptimeMs()));
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
        if (!finger_.press(SimulatedFinger::kFlash)) {
            std::fprintf(stderr, "gatehouse-board: too many presses of the FLASH button wait\n");
        }
    } else if (line == "power-cycle") {
        powerCycle();
    } else if (std::sscanf(text, "later %3u%n", &number, &end) == 1 && end == length) {
        // What is due by then is done as soon as the lines are.
        bootedMs_ -= uint64_t{number} * 1000;
    } else if (line == "wifi down") {
        radio_.switchOn(false, uptimeMs());
        abandonNetwork();
        post(now(Event::Kind::WifiDown));
    } else if (line == "wifi up") {
        radio_.switchOn(true, uptimeMs());
    } else if (line == "unplug") {
        serial_.unplug();
    } else if (line == "plug" && !serialPath_.empty()) {
        std::string error;
        if (!serial_.plugged() && !serial_.plug(serialPath_, error)) {
            std::fprintf(stderr, "gatehouse-board: %s\n", error.c_str());
        }
    } else if (line == "quit") {
        post(now(Event::Kind::Stop));
    } else if (!line.empty()) {
        std::fprintf(stderr,
                     "gatehouse-board: cannot do \"%s\": use button N, flash-button, power-cycle, wifi "
                     "down, wifi up, unplug, plug, stick N on|off, unstick N, later SECONDS or quit, with N "
                     "from 1 to %u\n",
                     text, relays_);
    }
}

}  // namespace gatehouse::host
