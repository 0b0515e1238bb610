// How a board without a home is given one over the network ("In the network" of
// gateway/wire/PROVISIONING.md).
#pragma once

#include "handover.hpp"
#include "hardware.hpp"
#include "homie.hpp"
#include "sealing.hpp"

namespace gatehouse {

/// Opened by a press of the FLASH button, for a while and for one attempt: whoever shows the right first
/// message has it, and everybody else finds nobody.
class ClaimWindow {
  public:
    static constexpr uint64_t kOpenMs = 120000;
    /// From a connection to its first message, and from our key to the gateway's.
    static constexpr uint64_t kStepMs = 5000;
    /// The longest block of bytes `receive` takes.
    static constexpr size_t kReceiveMax = 512;

    /// What came of a block of bytes.
    enum class Heard : uint8_t {
        /// All is taken, and nothing has come of it yet.
        Nothing,
        /// No claim: hang up. The window stays as it is.
        Stranger,
        /// The attempt has begun; the answer is pending.
        Attempt,
        /// The light is to blink `number` from now on.
        Number,
        /// The handover is in `document`.
        Handover,
        /// The attempt is over, and the window with it.
        Ended,
    };

    /// How the board took a handover; the number goes over the wire.
    enum class Taken : uint8_t { Stored = 0, NotValid = 1, NotStored = 2 };

    ClaimWindow(Sealing& sealing, Chip& chip) : sealing_(sealing), chip_(chip) {}
    ClaimWindow(const ClaimWindow&) = delete;
    ClaimWindow& operator=(const ClaimWindow&) = delete;

    /// From now on one attempt may be made. What was under way is over.
    void open(uint64_t nowMs);
    /// Forgets everything but what is still to be said.
    void close();
    bool isOpen() const { return state_ != State::Closed; }
    /// Somebody may connect.
    bool awaitsAttempt() const { return state_ == State::Waiting; }
    /// What the light is to blink; 0: there is nothing to blink.
    uint8_t number() const { return state_ == State::Numbered ? keys_.number : uint8_t{0}; }

    void connected(uint64_t nowMs);
    /// The connection ended. True when the attempt ended with it.
    bool disconnected();
    /// Takes bytes from the front of `bytes`, up to the first thing that comes of them.
    Heard receive(Text& bytes, const BoardInfo& info, Text id, uint64_t nowMs);
    /// After Heard::Handover, until `close`.
    Text document() const { return {bytes_, size_ - kClaimTagSize}; }
    /// Says, sealed, how it was taken.
    void answer(Taken taken);
    /// Time passed. Stranger and Ended as `receive` has them, else Nothing.
    Heard tick(uint64_t nowMs);
    uint64_t nextDeadlineMs() const;

    Text pending() const { return Text(said_, saidSize_).from(sent_); }
    void sent(size_t count) { sent_ += count; }

  private:
    enum class State : uint8_t { Closed, Waiting, Met, Numbered };

    static constexpr size_t kHeaderSize = 3;
    static constexpr size_t kSaidMax = 256;

    bool headerFits() const;
    size_t length() const;
    Heard message(const BoardInfo& info, Text id, uint64_t nowMs);
    Heard meet(const BoardInfo& info, Text id, uint64_t nowMs);
    Heard reveal(Text id);

    Sealing& sealing_;
    Chip& chip_;
    State state_ = State::Closed;
    bool connected_ = false;
    uint64_t endMs_ = 0;
    /// When the present step must be done; 0: it may take as long as the window is open.
    uint64_t stepDueMs_ = 0;

    ClaimKeys keys_;
    char secret_[kClaimKeySize] = {};
    char transcript_[kClaimKeySize] = {};
    /// The gateway's first message: version and commitment.
    char opening_[1 + kClaimKeySize] = {};

    /// The message that is coming in.
    char header_[kHeaderSize] = {};
    size_t headerSize_ = 0;
    size_t size_ = 0;
    char bytes_[Handover::kDocumentMax + kClaimTagSize] = {};

    size_t saidSize_ = 0;
    size_t sent_ = 0;
    char said_[kSaidMax] = {};
};

}  // namespace gatehouse
