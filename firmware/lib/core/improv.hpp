// Improv Wi-Fi Serial and our commands beside it, byte by byte as gateway/wire/PROVISIONING.md pins them.
// Both directions are here, because the golden vectors check both.
#pragma once

#include "text.hpp"

namespace gatehouse::improv {

/// A board takes no frame with more data.
constexpr size_t kDataMax = 192;
/// Magic, version, type and length before the data; checksum and line feed after it.
constexpr size_t kFrameOverhead = 11;
/// The longest result a board sends, with the line feed before it: three strings of an ESP8266 and more.
constexpr size_t kFrameMax = 1 + kFrameOverhead + kDataMax;

enum class Type : uint8_t { State = 1, Error = 2, Rpc = 3, Result = 4 };

enum class State : uint8_t { Stopped = 0, Authorized = 2, Provisioning = 3, Provisioned = 4 };

enum class Error : uint8_t {
    None = 0,
    InvalidRpc = 1,
    UnknownRpc = 2,
    UnableToConnect = 3,
    BadHostName = 5,
    NotStored = 129,
    Unknown = 255,
};

/// Of an RPC. Values that are none of these are commands too: unknown ones.
enum class Command : uint8_t {
    Network = 1,
    State = 2,
    Info = 3,
    Scan = 4,
    Handover = 0xb0,
    Progress = 0xb1,
    Identity = 0xb2,
};

/// Finds frames in a stream that is split anywhere and has other things in between. Whatever does not fit is
/// skipped, and the byte that did not fit is tried as a frame's first.
class Parser {
  public:
    enum class Found : uint8_t { Nothing, Frame, BadChecksum };

    /// Takes bytes off the front of `bytes` up to the end of a frame, or all of them. After Frame `type` and
    /// `data` hold until the next call.
    Found next(Text& bytes);
    /// The line was silent: what has begun will not be finished.
    void forget() { at_ = 0; }
    /// Within a frame.
    bool begun() const { return at_ > 0; }

    uint8_t type() const { return type_; }
    Text data() const { return {data_, size_}; }

  private:
    Found take(uint8_t byte);

    /// Bytes of the frame so far.
    size_t at_ = 0;
    uint8_t sum_ = 0;
    uint8_t type_ = 0;
    size_t size_ = 0;
    char data_[kDataMax] = {};
};

/// An RPC: a command, and what belongs to it. False when the length within does not fit.
bool splitRpc(Text data, Command& command, Text& rest);
/// Two texts, each with its length before it, and nothing else.
bool splitNetwork(Text rest, Text& ssid, Text& password);

/// A chunk of a handover: number, whether it is the last, 1 to 128 bytes.
struct Chunk {
    static constexpr size_t kBytesMax = 128;

    uint8_t number = 0;
    bool last = false;
    Text bytes;
};
bool splitChunk(Text rest, Chunk& out);

/// Frames without the line feed before them.
void writeFrame(Writer& out, Type type, Text data);
void writeState(Writer& out, State state);
void writeError(Writer& out, Error error);
void writeRpc(Writer& out, Command command, Text rest);

/// A result, string by string. What does not fit into a frame a board sends makes it stay empty.
class Result {
  public:
    explicit Result(Command command) : command_(command), strings_(buffer_ + 2, sizeof buffer_ - 2) {}

    Result& add(Text text) {
        strings_.put(static_cast<char>(static_cast<uint8_t>(text.size))).put(text);
        return *this;
    }
    /// Never with the length 10, which the JavaScript SDK takes for a line end: it gets an empty string more.
    void write(Writer& out);

  private:
    Command command_;
    char buffer_[kDataMax] = {};
    Writer strings_;
};

}  // namespace gatehouse::improv
