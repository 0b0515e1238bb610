#include "mdns_advert.hpp"

#include <cstring>

#include "mdns.hpp"
#include "mdns_packet.hpp"

namespace gatehouse::host {
namespace {

constexpr uint16_t kA = 1;
constexpr uint16_t kPtr = 12;
constexpr uint16_t kTxt = 16;
constexpr uint16_t kSrv = 33;
constexpr uint16_t kAny = 255;
constexpr uint16_t kInternet = 1;
/// The top bit of a class: the record replaces older ones, or an answer is wanted by unicast.
constexpr uint16_t kTopBit = 0x8000;
constexpr uint16_t kResponse = 0x8400;
/// What plain DNS may keep.
constexpr uint32_t kLegacyTtl = 10;
constexpr size_t kQuestionsMax = 16;
constexpr size_t kKnownMax = 64;

const char kService[] = "_gatehouse._tcp.local.";
const char kServices[] = "_services._dns-sd._udp.local.";

std::string u16(unsigned value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string u32(uint32_t value) {
    return u16(value >> 16) + u16(value & 0xffffU);
}

/// A name with dots, as DNS writes it: nothing is compressed.
std::string wireName(const std::string& name) {
    std::string out;
    for (size_t from = 0; from < name.size();) {
        const size_t dot = name.find('.', from);
        out.push_back(static_cast<char>(dot - from));
        out += name.substr(from, dot - from);
        from = dot + 1;
    }
    return out + '\0';
}

/// The records of a board, by what is asked.
class Records {
  public:
    Records(const BoardAdvert& advert, Address address, uint32_t ttl, bool legacy)
        : ttl_(legacy && ttl > kLegacyTtl ? kLegacyTtl : ttl), flush_(legacy ? uint16_t{0} : kTopBit) {
        instance_ = advert.id + "." + kService;
        host_ = advert.id + ".local.";
        std::string txt;
        const std::string pairs[] = {"id=" + advert.id, "mac=" + advert.mac, "model=" + advert.model,
                                     "fw=" + advert.firmware,
                                     std::string("claim=") + (advert.open ? "open" : "closed")};
        for (const std::string& pair : pairs) {
            txt += static_cast<char>(pair.size()) + pair;
        }
        ptr_ = record(kService, kPtr, kInternet, wireName(instance_));
        services_ = record(kServices, kPtr, kInternet, wireName(kService));
        srv_ = record(instance_, kSrv, kInternet | flush_, u32(0) + u16(advert.port) + wireName(host_));
        txt_ = record(instance_, kTxt, kInternet | flush_, txt);
        std::string digits(4, '\0');
        std::memcpy(digits.data(), &address, digits.size());
        a_ = record(host_, kA, kInternet | flush_, digits);
    }

    /// Adds what answers the question.
    void ask(const std::string& name, uint16_t type) {
        const auto wants = [type](uint16_t one) { return type == one || type == kAny; };
        if (name == kService && wants(kPtr)) {
            add(ptr_), also(srv_), also(txt_), also(a_);
        } else if (name == kServices && wants(kPtr)) {
            add(services_);
        } else if (name == instance_) {
            wants(kSrv) ? (add(srv_), also(a_)) : void();
            wants(kTxt) ? add(txt_) : void();
        } else if (name == host_ && wants(kA)) {
            add(a_);
        }
    }
    void addAll() { add(ptr_), add(srv_), add(txt_), add(a_); }
    bool answers() const { return count_ > 0; }
    const std::string& instance() const { return instance_; }

    std::string packet(uint16_t id, const std::string& question) const {
        return u16(id) + u16(kResponse) + u16(question.empty() ? 0 : 1) + u16(count_) + u16(0) + u16(more_) +
               question + answers_ + additional_;
    }

  private:
    std::string record(const std::string& name, uint16_t type, unsigned kind, const std::string& data) const {
        return wireName(name) + u16(type) + u16(kind) + u32(ttl_) + u16(static_cast<unsigned>(data.size())) +
               data;
    }
    void add(const std::string& one) {
        if (answers_.find(one) == std::string::npos) {
            answers_ += one;
            ++count_;
        }
    }
    void also(const std::string& one) {
        additional_ += one;
        ++more_;
    }

    uint32_t ttl_;
    uint16_t flush_;
    std::string instance_;
    std::string host_;
    std::string ptr_;
    std::string services_;
    std::string srv_;
    std::string txt_;
    std::string a_;
    std::string answers_;
    std::string additional_;
    unsigned count_ = 0;
    unsigned more_ = 0;
};

struct Question {
    std::string name;
    uint16_t type = 0;
};

/// Whether who asks knows our instance already, for at least half of its time (RFC 6762, section 7.1).
bool knows(Packet& packet, unsigned count, const std::string& instance) {
    bool known = false;
    for (unsigned at = 0; at < count && at < kKnownMax && packet.ok(); ++at) {
        const std::string name = packet.name();
        const uint16_t type = packet.u16();
        packet.skip(2);
        const uint32_t ttl = static_cast<uint32_t>(packet.u16()) << 16 | packet.u16();
        const size_t size = packet.u16();
        const size_t from = packet.at();
        const bool ours = type == kPtr && name == kService && packet.name() == instance;
        known = known || (ours && ttl >= kAdvertTtl / 2);
        packet.seek(from);
        packet.skip(size);
    }
    return known && packet.ok();
}

}  // namespace

std::string mdnsAnnouncement(const BoardAdvert& advert, Address address, uint32_t ttl) {
    Records records(advert, address, ttl, false);
    records.addAll();
    return records.packet(0, "");
}

std::string answerMdns(Text bytes, const BoardAdvert& advert, Address address, bool legacy) {
    if (bytes.size > kMdnsPacketMax) {
        return "";
    }
    Packet packet(bytes);
    const uint16_t id = packet.u16();
    // A plain question.
    const bool query = (packet.u16() & 0xf80fU) == 0;
    const unsigned count = packet.u16();
    const unsigned known = packet.u16();
    packet.skip(4);
    if (!query || !packet.ok() || count == 0 || count > kQuestionsMax) {
        return "";
    }
    Records records(advert, address, kAdvertTtl, legacy);
    std::string first;
    bool browsed = false;
    for (unsigned at = 0; at < count; ++at) {
        const std::string name = packet.name();
        const uint16_t type = packet.u16();
        const uint16_t kind = packet.u16();
        if (!packet.ok()) {
            return "";
        }
        if ((kind & ~kTopBit) != kInternet && (kind & ~kTopBit) != kAny) {
            continue;
        }
        first = first.empty() ? wireName(name) + u16(type) + u16(kInternet) : first;
        browsed = browsed || name == kService;
        records.ask(name, type);
    }
    if (!records.answers() || (browsed && knows(packet, known, records.instance()))) {
        return "";
    }
    return records.packet(legacy ? id : uint16_t{0}, legacy ? first : "");
}

}  // namespace gatehouse::host
