#include "mdns.hpp"

#include <algorithm>

#include "mdns_packet.hpp"

namespace gatehouse::host {
namespace {

constexpr uint16_t kA = 1;
constexpr uint16_t kPtr = 12;
constexpr uint16_t kTxt = 16;
constexpr uint16_t kSrv = 33;
/// The top bit of a class says that the record replaces older ones.
constexpr uint16_t kClassMask = 0x7fff;
constexpr uint16_t kInternet = 1;

constexpr size_t kHeaderSize = 12;
/// Records of one packet that are looked at; a gateway sends a handful.
constexpr size_t kRecordsMax = 64;
constexpr size_t kFoundMax = 8;

const char kService[] = "_gatehouse-hub._tcp.local.";

struct Record {
    std::string name;
    uint16_t type = 0;
    /// Where its data lies in the packet.
    size_t at = 0;
    size_t size = 0;
};

std::vector<Record> readRecords(Packet& packet) {
    packet.skip(2);
    const bool response =
        (packet.u16() & 0xf80fU) == 0x8000U;  // an answer to a plain question, without error
    const size_t questions = packet.u16();
    const size_t count = size_t{packet.u16()} + packet.u16() + packet.u16();
    std::vector<Record> records;
    if (!response || questions > kRecordsMax) {
        return records;
    }
    for (size_t at = 0; at < questions && packet.ok(); ++at) {
        packet.name();
        packet.skip(4);
    }
    while (packet.ok() && records.size() < std::min(count, kRecordsMax)) {
        Record record;
        record.name = packet.name();
        record.type = packet.u16();
        const uint16_t kind = packet.u16() & kClassMask;
        packet.skip(4);
        record.size = packet.u16();
        record.at = packet.at();
        packet.skip(record.size);
        if (packet.ok()) {
            record.type = kind == kInternet ? record.type : 0;
            records.push_back(record);
        }
    }
    return records;
}

bool isOurs(const std::string& name) {
    const std::string service = std::string(".") + kService;
    return name.size() > service.size() &&
           name.compare(name.size() - service.size(), service.size(), service) == 0;
}

bool tellsHome(Text bytes, const Record& txt, const std::string& home) {
    Packet data(bytes.first(txt.at + txt.size));
    data.seek(txt.at);
    while (data.ok() && data.at() < txt.at + txt.size) {
        if (data.text(data.byte()) == "home=" + home && data.ok()) {
            return true;
        }
    }
    return false;
}

void addAddresses(Text bytes, const std::vector<Record>& records, const Record& srv,
                  std::vector<Found>& out) {
    Packet data(bytes);
    data.seek(srv.at);
    data.skip(4);
    const uint16_t port = data.u16();
    const std::string target = data.name();
    if (!data.ok() || data.at() != srv.at + srv.size || port == 0) {
        return;
    }
    for (const Record& record : records) {
        if (record.type == kA && record.size == 4 && record.name == target && out.size() < kFoundMax) {
            std::string host;
            for (size_t at = 0; at < 4; ++at) {
                host += (at == 0 ? "" : ".") + std::to_string(static_cast<uint8_t>(bytes[record.at + at]));
            }
            out.push_back({host, port});
        }
    }
}

}  // namespace

std::string mdnsQuestion() {
    std::string out("\0\0\0\0\0\1\0\0\0\0\0\0", kHeaderSize);
    const std::string name = kService;
    for (size_t from = 0; from < name.size();) {
        const size_t dot = name.find('.', from);
        out.push_back(static_cast<char>(dot - from));
        out += name.substr(from, dot - from);
        from = dot + 1;
    }
    out.push_back('\0');
    return out + std::string("\0\x0c\0\x01", 4);
}

std::vector<Found> readMdnsAnswer(Text bytes, const std::string& home) {
    std::vector<Found> found;
    if (bytes.size > kMdnsPacketMax) {
        return found;
    }
    Packet packet(bytes);
    const std::vector<Record> records = readRecords(packet);
    for (const Record& txt : records) {
        if (txt.type != kTxt || !isOurs(txt.name) || !tellsHome(bytes, txt, home)) {
            continue;
        }
        for (const Record& srv : records) {
            if (srv.type == kSrv && srv.name == txt.name) {
                addAddresses(bytes, records, srv, found);
            }
        }
    }
    return found;
}

}  // namespace gatehouse::host
