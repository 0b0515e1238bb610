// lib/core on the instruction set of the ESP8266, in an emulator: a board is given its home by its serial
// port, logs in, obeys a command and a wall button, and comes back after a power cut. Exits with 0 when all
// of it is as on the host; says on stdout what is not, and how deep the stack was.
#include "board.hpp"
#include "frames.inc"

extern "C" {
void sim_write(const char* bytes, unsigned size);
extern char stack_bottom[];
extern char stack_top[];
}

namespace {

using namespace gatehouse;

int failures = 0;

void say(Text text) {
    sim_write(text.data, static_cast<unsigned>(text.size));
}

void check(bool good, Text what) {
    if (!good) {
        ++failures;
        say("FAILED: "_t);
        say(what);
        say("\n"_t);
    }
}

class RamFlash final : public Flash {
  public:
    bool read(uint32_t offset, void* out, size_t size) override {
        memcpy(out, cells_ + offset, size);
        return true;
    }
    bool write(uint32_t offset, const void* bytes, size_t size) override {
        for (size_t at = 0; at < size; ++at) {
            cells_[offset + at] &= static_cast<const uint8_t*>(bytes)[at];
        }
        return true;
    }
    bool erase(uint32_t sector) override {
        memset(cells_ + sector * kSectorSize, 0xff, kSectorSize);
        return true;
    }

  private:
    uint8_t cells_[kSectorSize * kSectors] = {};
};

class FakePins final : public Pins {
  public:
    void wire(uint8_t, Wiring) override {}
    void write(uint8_t relay, bool on) override {
        level[relay] = on;
        ++writes;
    }
    bool read(uint8_t relay) override { return level[relay]; }

    bool level[kRelaysMax] = {};
    unsigned writes = 0;
};

class FakeChip final : public Chip {
  public:
    uint32_t random() override { return state_ = state_ * 1664525U + 1013904223U; }
    int32_t rssiDbm() override { return -61; }
    uint32_t freeHeapBytes() override { return 31234; }

  private:
    uint32_t state_ = 7;
};

/// BearSSL is of the Arduino core, and not here.
class NoSealing final : public Sealing {
  public:
    void hash(const Text*, size_t, char (&)[kClaimKeySize]) override {}
    void publicKey(const char (&)[kClaimKeySize], char (&)[kClaimKeySize]) override {}
    bool agree(const char (&)[kClaimKeySize], Text, Text, Text, ClaimKeys&) override { return false; }
    bool open(const char (&)[kClaimKeySize], Text, char*, size_t) override { return false; }
    void seal(const char (&)[kClaimKeySize], Text, char*, size_t) override {}
};

// Static, as in the firmware: the stack is 4 KB.
RamFlash flash;
FakePins pins;
FakeChip chip;
NoSealing sealing;
Effects effects;
alignas(Board) char room[sizeof(Board)];
Board* board = nullptr;
uint64_t now = 0;
char session[9] = {};

}  // namespace

/// Nothing is made on the heap, and there is none: the only `new` there is makes an object in a given place.
inline void* operator new(size_t, void* place) noexcept {
    return place;
}

namespace {

void post(const Event& event) {
    effects.clear();
    board->handle(event, effects);
}

void post(Event::Kind kind) {
    post(Event::of(kind, now));
}

bool asked(Effect::Kind kind) {
    for (const Effect& effect : effects) {
        if (effect.kind == kind) {
            return true;
        }
    }
    return false;
}

void boot() {
    BoardInfo info;
    info.relayCount = 2;
    info.model = "nodemcuv2"_t;
    info.firmware = "0.1.0"_t;
    info.mac = "5c:cf:7f:a1:b2:c3"_t;
    info.chipId = "a1b2c3"_t;
    info.restartReason = "power-on"_t;
    now = 0;
    board = new (room) Board(info, pins, flash, chip, sealing);
    post(Event::Kind::Boot);
}

uint8_t nibble(char digit) {
    return static_cast<uint8_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

size_t unhex(const char* hex, char* out) {
    size_t size = 0;
    for (; hex[2 * size] != '\0'; ++size) {
        out[size] = static_cast<char>(nibble(hex[2 * size]) << 4 | nibble(hex[2 * size + 1]));
    }
    return size;
}

/// Hands bytes to the serial port; what the board said is left in its buffer.
void serial(Text bytes) {
    board->serialSent(board->serialPending().size);
    while (!bytes.empty()) {
        const size_t size = bytes.size < Board::kSerialReceiveMax ? bytes.size : Board::kSerialReceiveMax;
        post(Event::serialReceived(bytes.first(size), now));
        bytes = bytes.from(size);
    }
}

bool contains(Text text, Text part) {
    for (; text.size >= part.size; text = text.from(1)) {
        if (text.startsWith(part)) {
            return true;
        }
    }
    return false;
}

void checkFrames() {
    static char bytes[256];
    for (const char* const frame : kFrames) {
        improv::Parser parser;
        Text rest(bytes, unhex(frame, bytes));
        check(parser.next(rest) == improv::Parser::Found::Frame, "a golden frame is read"_t);
    }
}

void provision() {
    static char bytes[256];
    for (const char* const frame : kFrames) {
        // The chunks of the golden handover.
        const Text hex(frame, strlen(frame));
        const size_t size = unhex(frame, bytes);
        if (static_cast<uint8_t>(bytes[7]) == 3 && static_cast<uint8_t>(bytes[9]) == 0xb0) {
            serial({bytes, size});
        }
    }
    check(contains(board->serialPending(), "stored"_t), "the golden handover is stored"_t);
    char network[64];
    Writer frame(network, sizeof network);
    improv::writeRpc(frame, improv::Command::Network, "\x04home\x08password"_t);
    serial(frame.text());
    check(asked(Effect::Kind::Join), "the network is joined"_t);
    post(Event::Kind::WifiUp);
    check(asked(Effect::Kind::Dial), "the gateway is dialled"_t);
    check(board->dialHost() == "192.168.1.20"_t, "at the address that was handed over"_t);
}

/// Answers what the board sends as a broker does, until it is silent.
void broker() {
    static char sent[6144];
    while (!board->pending().empty()) {
        const Text pending = board->pending();
        memcpy(sent, pending.data, pending.size);
        Text rest(sent, pending.size);
        board->sent(pending.size, now);
        while (!rest.empty()) {
            size_t length = 0;
            size_t at = 1;
            unsigned shift = 0;
            do {
                length |= static_cast<size_t>(rest[at] & 0x7f) << shift;
                shift += 7;
            } while ((rest[at++] & 0x80) != 0);
            const uint8_t type = static_cast<uint8_t>(rest[0]) >> 4;
            const Text body = rest.from(at).first(length);
            rest = rest.from(at + length);
            if (type == 1) {
                post(Event::received("\x20\x02\x00\x00"_t, now));
            } else if (type == 3) {
                const size_t topic = static_cast<size_t>(static_cast<uint8_t>(body[1]));
                if (body.from(2).first(topic).endsWith("/$session"_t)) {
                    memcpy(session, body.data + 2 + topic + 2, 8);
                }
                const char ack[4] = {0x40, 2, body[2 + topic], body[3 + topic]};
                post(Event::received({ack, 4}, now));
            } else if (type == 8) {
                const char ack[8] = {static_cast<char>(0x90), 6, body[0], body[1], 1, 1, 1, 1};
                post(Event::received({ack, 8}, now));
            } else if (type == 12) {
                post(Event::received("\xd0\x00"_t, now));
            }
        }
    }
}

void logIn() {
    post(Event::Kind::Securing);
    post(Event::Kind::Connected);
    broker();
    check(board->ready(), "the board is ready"_t);
    check(board->progress() == "online"_t, "it says that it is online"_t);
}

void command(Text value, char seq) {
    static char packet[128];
    Writer out(packet, sizeof packet);
    const Text topic = "homie/5/relay-a1b2c3/$command"_t;
    const size_t payload = 8 + 3 + 10 + 11 + value.size;
    out.put('\x32').put(static_cast<char>(2 + topic.size + 2 + payload));
    out.put('\0').put(static_cast<char>(topic.size)).put(topic).put('\0').put('\7');
    out.put(Text(session, 8)).put(' ').put(seq).put(" 999999999 relay-1/on "_t).put(value);
    post(Event::received(out.text(), now));
    broker();
}

void paintStack() {
    // Up to a little below where the stack is now.
    char* const end = static_cast<char*>(__builtin_frame_address(0)) - 128;
    for (char* at = stack_bottom; at < end; ++at) {
        *at = 0x5a;
    }
}

size_t stackUsed() {
    const char* at = stack_bottom;
    while (at < stack_top && *at == 0x5a) {
        ++at;
    }
    return static_cast<size_t>(stack_top - at);
}

}  // namespace

int main() {
    paintStack();
    checkFrames();
    boot();
    check(!asked(Effect::Kind::Join), "a bare board joins nothing"_t);
    provision();
    logIn();
    check(board->settings().trial() == Settings::Trial::None, "the handover is kept"_t);
    char identity[16];
    Writer rpc(identity, sizeof identity);
    improv::writeRpc(rpc, improv::Command::Identity, {});
    serial(rpc.text());
    check(contains(board->serialPending(), "relay-a1b2c3"_t), "it says who it is"_t);
    const unsigned before = pins.writes;
    command("true"_t, '1');
    check(pins.level[0] && pins.writes == before + 1, "a command moves the relay"_t);
    command("true"_t, '1');
    check(pins.writes == before + 1, "and once only"_t);
    post(Event::buttonLevel(0, true, now));
    now += 50;
    post(Event::Kind::Tick);
    check(!pins.level[0], "so does the wall button"_t);
    broker();
    boot();
    check(asked(Effect::Kind::Join), "after a power cut the network is joined"_t);
    check(board->settings().secret().size == 64, "and the credential is there"_t);
    post(Event::Kind::WifiUp);
    logIn();
    char digits[16];
    Writer number(digits, sizeof digits);
    number.number(stackUsed());
    say("stack "_t);
    say(number.text());
    say("\n"_t);
    return failures == 0 ? 0 : 1;
}
