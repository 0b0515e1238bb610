// So much of the Arduino core of the ESP8266 as the glue in src/ uses, to see that it is well-formed. Nothing
// of it does anything: the real one comes with PlatformIO.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/// The real one has it as a macro too, which no name of ours may be.
#define bit(b) (1UL << (b))

constexpr uint8_t HIGH = 1;
constexpr uint8_t LOW = 0;
constexpr uint8_t OUTPUT = 1;
constexpr uint8_t INPUT_PULLUP = 2;

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t level);
int digitalRead(uint8_t pin);
unsigned long millis();
uint64_t micros64();
extern "C" unsigned long os_random();

class String {
  public:
    String(const char* text = "");
    const char* c_str() const;
    unsigned length() const;
    bool concat(const char* bytes, unsigned size);
};
String operator+(const String& a, const String& b);

class Print {
  public:
    virtual ~Print() = default;
    virtual size_t write(uint8_t byte) = 0;
    virtual size_t write(const uint8_t* bytes, size_t size);
    virtual int availableForWrite();
    size_t print(const char* text);
    size_t println(const char* text);
};

class Stream : public Print {
  public:
    virtual int available() = 0;
    virtual int read() = 0;
    void setTimeout(unsigned long ms);
};

class HardwareSerial : public Stream {
  public:
    void begin(unsigned long baud);
    size_t setRxBufferSize(size_t size);
    using Print::write;
    size_t write(uint8_t byte) override;
    int available() override;
    int read() override;
};
extern HardwareSerial Serial;

enum rst_reason {
    REASON_DEFAULT_RST = 0,
    REASON_WDT_RST = 1,
    REASON_EXCEPTION_RST = 2,
    REASON_SOFT_WDT_RST = 3,
    REASON_SOFT_RESTART = 4,
    REASON_DEEP_SLEEP_AWAKE = 5,
    REASON_EXT_SYS_RST = 6
};
struct rst_info {
    uint32_t reason;
};

class EspClass {
  public:
    bool rtcUserMemoryRead(uint32_t block, uint32_t* words, size_t size);
    bool rtcUserMemoryWrite(uint32_t block, uint32_t* words, size_t size);
    void restart();
    uint32_t getChipId();
    uint32_t getFreeHeap();
    rst_info* getResetInfoPtr();
    bool flashEraseSector(uint32_t sector);
    bool flashWrite(uint32_t address, const uint8_t* bytes, size_t size);
    bool flashRead(uint32_t address, uint8_t* out, size_t size);
};
extern EspClass ESP;
