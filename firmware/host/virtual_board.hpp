// The firmware as a Linux process: the loop around the core.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bearssl_sealing.hpp"
#include "board.hpp"
#include "browser.hpp"
#include "claim_port.hpp"
#include "connection.hpp"
#include "file_flash.hpp"
#include "lines.hpp"
#include "options.hpp"
#include "radio.hpp"
#include "responder.hpp"
#include "serial_port.hpp"
#include "simulated.hpp"

namespace gatehouse::host {

/// The network that is there when nobody has named any, and none is stored: open to everybody.
constexpr char kDefaultNetwork[] = "gatehouse-virtual";

class VirtualBoard {
  public:
    VirtualBoard(const Options& options, FileFlash& flash);

    /// Runs until `quit`, SIGTERM or SIGINT; the exit code.
    int run();

  private:
    void powerOn(Text why);
    void powerCycle();
    /// Starts over as the gateway asked.
    void restart();
    /// Which networks there are, when nobody has said so.
    void lookAround();
    /// Takes the authority of the settings for the next dial; without one the gateway is spoken to in the
    /// clear.
    void trust();
    void serveSocket();
    // claim.cpp: a home that comes over the network
    void serveClaim();
    void flushClaim();
    void advertise();
    void hangUpClaim();

    void serveRadio();
    void serveSerial();
    void abandonNetwork();
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
    /// What is wrong with the authority of the settings; empty when nothing is.
    std::string distrust_;
    std::string serialPath_;
    std::optional<std::vector<Network>> given_;
    unsigned relays_;
    std::string mac_;
    std::string chipId_;
    SimulatedPins pins_;
    SimulatedFinger finger_;
    SimulatedChip chip_;
    SimulatedRadio radio_;
    SerialPort serial_;
    Connection connection_;
    Browser browser_;
    BearSealing sealing_;
    ClaimPort claimPort_;
    Responder responder_;
    Lines lines_;
    std::unique_ptr<Board> board_;
    uint64_t bootedMs_ = 0;
    bool stopped_ = false;
    bool restartAsked_ = false;
    bool dialFailed_ = false;
    bool socketReady_ = false;
    bool linesReady_ = false;
};

}  // namespace gatehouse::host
