#include "claim_window.hpp"

#include "effects.hpp"

namespace gatehouse {
namespace {

constexpr char kVersion = 1;
constexpr Text kTranscript = "gatehouse claim 1"_t;

// Types of messages.
constexpr uint8_t kOpening = 1;
constexpr uint8_t kBoardKey = 2;
constexpr uint8_t kGatewayKey = 3;
constexpr uint8_t kSealedHandover = 4;
constexpr uint8_t kSealedAnswer = 5;

void putHeader(Writer& out, uint8_t type, size_t length) {
    out.put(static_cast<char>(type)).put(static_cast<char>(length)).put(static_cast<char>(length >> 8));
}

void putText(Writer& out, Text text) {
    out.put(static_cast<char>(text.size)).put(text);
}

}  // namespace

void ClaimWindow::open(uint64_t nowMs) {
    close();
    state_ = State::Waiting;
    endMs_ = nowMs + kOpenMs;
}

void ClaimWindow::close() {
    state_ = State::Closed;
    connected_ = false;
    stepDueMs_ = 0;
    headerSize_ = 0;
    size_ = 0;
    wipe(&keys_, sizeof keys_);
    wipe(secret_, sizeof secret_);
    wipe(bytes_, sizeof bytes_);
}

void ClaimWindow::connected(uint64_t nowMs) {
    connected_ = true;
    headerSize_ = 0;
    size_ = 0;
    saidSize_ = 0;
    sent_ = 0;
    stepDueMs_ = nowMs + kStepMs;
}

bool ClaimWindow::disconnected() {
    connected_ = false;
    stepDueMs_ = 0;
    return state_ == State::Met || state_ == State::Numbered;
}

size_t ClaimWindow::length() const {
    return static_cast<uint8_t>(header_[1]) | static_cast<size_t>(static_cast<uint8_t>(header_[2])) << 8;
}

bool ClaimWindow::headerFits() const {
    const uint8_t type = static_cast<uint8_t>(header_[0]);
    switch (state_) {
        case State::Waiting:
            return type == kOpening && length() == sizeof opening_;
        case State::Met:
            return type == kGatewayKey && length() == kClaimKeySize;
        case State::Numbered:
            return type == kSealedHandover && length() > kClaimTagSize && length() <= sizeof bytes_;
        case State::Closed:
            break;
    }
    return false;
}

ClaimWindow::Heard ClaimWindow::receive(Text& bytes, const BoardInfo& info, Text id, uint64_t nowMs) {
    const Heard unfit = state_ == State::Waiting ? Heard::Stranger : Heard::Ended;
    while (!bytes.empty()) {
        if (!connected_ || state_ == State::Closed) {
            return Heard::Stranger;
        }
        if (headerSize_ < kHeaderSize) {
            header_[headerSize_++] = bytes[0];
            bytes = bytes.from(1);
            if (headerSize_ == kHeaderSize && !headerFits()) {
                return unfit;
            }
            continue;
        }
        const size_t missing = length() - size_;
        const size_t count = bytes.size < missing ? bytes.size : missing;
        memcpy(bytes_ + size_, bytes.data, count);
        size_ += count;
        bytes = bytes.from(count);
        if (size_ == length()) {
            headerSize_ = 0;
            return message(info, id, nowMs);
        }
    }
    return Heard::Nothing;
}

ClaimWindow::Heard ClaimWindow::message(const BoardInfo& info, Text id, uint64_t nowMs) {
    switch (state_) {
        case State::Waiting:
            return meet(info, id, nowMs);
        case State::Met:
            return reveal(id);
        case State::Numbered:
            return sealing_.open(keys_.gateway, {transcript_, sizeof transcript_}, bytes_, size_)
                       ? Heard::Handover
                       : Heard::Ended;
        case State::Closed:
            break;
    }
    return Heard::Stranger;
}

ClaimWindow::Heard ClaimWindow::meet(const BoardInfo& info, Text id, uint64_t nowMs) {
    if (bytes_[0] != kVersion) {
        return Heard::Stranger;
    }
    memcpy(opening_, bytes_, sizeof opening_);
    size_ = 0;
    for (size_t at = 0; at < sizeof secret_; at += sizeof(uint32_t)) {
        const uint32_t drawn = chip_.random();
        memcpy(secret_ + at, &drawn, sizeof drawn);
    }
    char key[kClaimKeySize];
    sealing_.publicKey(secret_, key);
    char digit[4];
    Writer relays(digit, sizeof digit);
    relays.number(info.relayCount);
    Writer out(said_ + kHeaderSize, sizeof said_ - kHeaderSize);
    out.put({key, sizeof key});
    const Text texts[] = {id, info.mac, info.chipId, info.model, info.firmware, relays.text()};
    for (const Text text : texts) {
        putText(out, text);
    }
    Writer header(said_, kHeaderSize);
    putHeader(header, kBoardKey, out.text().size);
    saidSize_ = kHeaderSize + out.text().size;
    sent_ = 0;
    state_ = State::Met;
    stepDueMs_ = nowMs + kStepMs;
    return Heard::Attempt;
}

ClaimWindow::Heard ClaimWindow::reveal(Text id) {
    const Text theirs(bytes_, size_);
    char seen[kClaimKeySize];
    sealing_.hash(&theirs, 1, seen);
    // Had it chosen its key after it saw ours, it could have chosen the number.
    if (memcmp(seen, opening_ + 1, sizeof seen) != 0) {
        return Heard::Ended;
    }
    const Text parts[] = {kTranscript, Text(opening_, sizeof opening_),
                          Text(said_, saidSize_).from(kHeaderSize), theirs};
    sealing_.hash(parts, sizeof parts / sizeof parts[0], transcript_);
    const bool agreed = sealing_.agree(secret_, theirs, {transcript_, sizeof transcript_}, id, keys_);
    wipe(secret_, sizeof secret_);
    size_ = 0;
    stepDueMs_ = 0;
    if (!agreed) {
        return Heard::Ended;
    }
    state_ = State::Numbered;
    return Heard::Number;
}

void ClaimWindow::answer(Taken taken) {
    Writer out(said_, sizeof said_);
    putHeader(out, kSealedAnswer, 1 + kClaimTagSize);
    out.put(static_cast<char>(taken));
    sealing_.seal(keys_.board, {transcript_, sizeof transcript_}, said_ + kHeaderSize, 1);
    saidSize_ = kHeaderSize + 1 + kClaimTagSize;
    sent_ = 0;
}

ClaimWindow::Heard ClaimWindow::tick(uint64_t nowMs) {
    if (state_ == State::Closed) {
        return Heard::Nothing;
    }
    const bool late = stepDueMs_ != 0 && nowMs >= stepDueMs_;
    if (nowMs >= endMs_ || (late && state_ != State::Waiting)) {
        return Heard::Ended;
    }
    return late ? Heard::Stranger : Heard::Nothing;
}

uint64_t ClaimWindow::nextDeadlineMs() const {
    if (state_ == State::Closed) {
        return UINT64_MAX;
    }
    return stepDueMs_ != 0 ? earlier(stepDueMs_, endMs_) : endMs_;
}

}  // namespace gatehouse
