// The board's end of a serial line: frames in, frames out.
#pragma once

#include "handover.hpp"
#include "improv.hpp"

namespace gatehouse {

/// What it is to say is kept frame by frame; a frame there is no room for is not sent, and asked for again.
class SerialLine {
  public:
    static constexpr size_t kCapacity = 1024;
    /// After so long without a byte a frame that has begun is forgotten: the cable was pulled.
    static constexpr uint64_t kSilenceMs = 500;

    /// The next frame in `bytes`, which come off the front.
    improv::Parser::Found next(Text& bytes) { return parser_.next(bytes); }
    /// Bytes are there.
    void heard(uint64_t nowMs) {
        if (nowMs - heardMs_ >= kSilenceMs) {
            parser_.forget();
        }
        heardMs_ = nowMs;
    }
    const improv::Parser& frame() const { return parser_; }

    void say(improv::State state) {
        send([&](Writer& out) { improv::writeState(out, state); });
    }
    void say(improv::Error error) {
        send([&](Writer& out) { improv::writeError(out, error); });
    }
    void say(improv::Result& result) {
        send([&](Writer& out) { result.write(out); });
    }

    Text pending() const { return {bytes_, size_}; }
    void sent(size_t count) {
        size_ -= count;
        memmove(bytes_, bytes_ + count, size_);
    }
    /// There is room for any frame.
    bool hasRoom() const { return sizeof bytes_ - size_ >= improv::kFrameMax; }

    HandoverIntake intake;

  private:
    template <typename Write>
    void send(Write write) {
        Writer out(bytes_ + size_, sizeof bytes_ - size_);
        // For receivers that have lost their place.
        out.put('\n');
        write(out);
        size_ += out.fits() ? out.size() : 0;
    }

    improv::Parser parser_;
    uint64_t heardMs_ = 0;
    size_t size_ = 0;
    char bytes_[kCapacity] = {};
};

}  // namespace gatehouse
