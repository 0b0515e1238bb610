// The firmware as a Linux process: the loop around the core.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "board.hpp"
#include "browser.hpp"
#include "connection.hpp"
#include "file_flash.hpp"
#include "lines.hpp"
#include "options.hpp"
#include "simulated.hpp"

namespace gatehouse::host {

class VirtualBoard {
  public:
    /// `authority` is what the settings hold; without one the gateway is spoken to in the clear.
    VirtualBoard(const Options& options, FileFlash& flash, std::optional<Authority> authority);

    /// Runs until `quit`, SIGTERM or SIGINT; the exit code.
    int run();

  private:
    void powerOn();
    void powerCycle();
    void serveSocket();
    void advanceDial();
    void serveLines();
    void obeyLine(const std::string& line);
    void pressButtons();
    /// Hands an event to the core and does what it asks for.
    void post(const Event& event);
    void apply(const Effect& effect);
    void dial();
    void flush();
    void printMove(const Effect& effect);
    void printNotice(const Effect& effect);
    uint64_t uptimeMs() const;
    Event now(Event::Kind kind) const { return Event::of(kind, uptimeMs()); }

    FileFlash& flash_;
    std::optional<Authority> authority_;
    unsigned relays_;
    std::string mac_;
    std::string chipId_;
    SimulatedPins pins_;
    SimulatedFinger finger_;
    SimulatedChip chip_;
    Connection connection_;
    Browser browser_;
    Lines lines_;
    std::unique_ptr<Board> board_;
    uint64_t bootedMs_ = 0;
    bool wifi_ = true;
    bool stopped_ = false;
    bool dialFailed_ = false;
    bool socketReady_ = false;
    bool linesReady_ = false;
};

}  // namespace gatehouse::host
