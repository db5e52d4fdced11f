// The one error of reading packets. It says what is wrong with the bytes, never who sent them.

/** The peer broke the protocol; the connection must be closed [MQTT-4.8.0-1]. */
export class MalformedPacket extends Error {}
