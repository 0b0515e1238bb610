// TLS as an ESP8266 can do it: the bytes of one connection through BearSSL. It owns no socket.
#pragma once

#include <bearssl.h>

#include <array>
#include <cstdint>
#include <string>

#include "authority.hpp"
#include "text.hpp"

namespace gatehouse::host {

/// TLS 1.2 with ECDHE on P-256, ChaCha20-Poly1305 or else AES-128-GCM, records of at most 512 bytes in both
/// directions. It trusts one authority and one server name, and validates at a constant date: a board without
/// power has no time. The session of the last good connection is kept, in RAM, to be resumed.
class TlsClient {
  public:
    /// Payload of the longest record.
    static constexpr size_t kRecordMax = 512;
    using Seed = std::array<uint8_t, 32>;

    explicit TlsClient(const Authority& authority);
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    /// Begins a connection; `seed` are bytes nobody can guess. False when that is impossible.
    bool start(const Seed& seed);
    /// The server has proven to be the gateway of this home.
    bool established() const { return established_; }
    /// Nothing more comes or goes: the server ended it, or `why` says what is wrong.
    bool ended() const { return (state() & BR_SSL_CLOSED) != 0; }
    /// What made it end, in words; empty when nothing went wrong.
    std::string why() const;

    /// Bytes for the socket; `sent` says how many it took.
    Text sending() const;
    void sent(size_t count);
    struct Room {
        char* data;
        size_t size;
    };
    /// Where bytes of the socket belong, never beyond the end of one record; `received` says how many there
    /// are. No room: what is decrypted or to be sent comes first.
    Room receiving() const;
    void received(size_t count);

    /// Takes decrypted bytes; 0 when there are none.
    size_t read(char* buffer, size_t size);
    bool hasInput() const { return (state() & BR_SSL_RECVAPP) != 0; }
    /// Encrypts what fits into the record being filled; 0 while it is full.
    size_t write(Text bytes);
    /// Makes a record of what was written so far.
    void flush() { br_ssl_engine_flush(engine(), 0); }
    /// Tells the server that nothing more will come.
    void close() { br_ssl_engine_close(engine()); }

  private:
    unsigned state() const { return br_ssl_engine_current_state(engine()); }
    br_ssl_engine_context* engine() { return &client_.eng; }
    const br_ssl_engine_context* engine() const { return &client_.eng; }
    void noteProgress();

    const Authority authority_;
    br_x509_trust_anchor anchor_ = {};
    br_x509_minimal_context x509_ = {};
    br_ssl_client_context client_ = {};
    br_ssl_session_parameters session_ = {};
    bool resumable_ = false;
    bool established_ = false;
    // Overheads of a record and of the handshake, as the ESP8266 core has them.
    std::array<unsigned char, kRecordMax + 325> in_ = {};
    std::array<unsigned char, kRecordMax + 85> out_ = {};
};

/// What a number of BearSSL means to the owner of a home whose gateway is called `serverName`.
std::string describeTlsError(int error, const std::string& serverName);

}  // namespace gatehouse::host
