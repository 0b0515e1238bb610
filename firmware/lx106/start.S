// What the boot ROM and the core of an ESP8266 do before a program, and the way out of the emulator.

    // Where the emulator begins.
    .section .reset, "ax"
    .align 4
    .global _start
_start:
    j begin
    .align 4
stack:
    .word stack_top
program:
    .word main
begin:
    l32r a1, stack
    l32r a2, program
    callx0 a2
    mov a3, a2
    movi a2, 1              // exit with what main returned
    simcall

    // Whatever goes wrong ends it: nothing here is to be caught.
    .section .vectors, "ax"
    .macro vector at
    .org \at
    movi a3, 70
    movi a2, 1
    simcall
    .endm
    vector 0x30             // in the kernel
    vector 0x50             // in a program
    vector 0x70             // while one was being handled

    // void sim_write(const char *bytes, unsigned size): to the emulator's stdout
    .section .text.sim_write, "ax"
    .global sim_write
    .align 4
sim_write:
    mov a5, a3
    mov a4, a2
    movi a3, 1
    movi a2, 4
    simcall
    ret.n
