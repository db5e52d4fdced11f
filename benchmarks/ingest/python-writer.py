# The usual script between an MQTT broker and InfluxDB 1.x: paho-mqtt reads, points are collected, and a second thread writes them in batches.
# python-writer.py MQTT_PORT INFLUX_PORT DATABASE BATCH
import http.client
import json
import queue
import sys
import threading

import paho.mqtt.client as mqtt

MQTT_PORT, INFLUX_PORT, DATABASE, BATCH = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
FLUSH_S = 1.0
lines = queue.Queue()


def field(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')


def on_connect(client, userdata, flags, code):
    client.subscribe("city/+/+/+/telemetry", 0)
    print("ready", flush=True)


def on_message(client, userdata, message):
    _, city, kind, device, _ = message.topic.split("/")
    record = json.loads(message.payload)
    ts = record.pop("ts")
    time_ns = ts * 1000000 + record["seq"] % 1000000
    fields = ",".join("%s=%s" % (name, field(value)) for name, value in record.items())
    lines.put("%s,city=%s,device=%s %s %d" % (kind, city, device, fields, time_ns))


def write_batches():
    connection = http.client.HTTPConnection("127.0.0.1", INFLUX_PORT)
    while True:
        batch = [lines.get()]
        try:
            while len(batch) < BATCH:
                batch.append(lines.get(timeout=FLUSH_S))
        except queue.Empty:
            pass
        connection.request("POST", "/write?db=%s&precision=ns" % DATABASE, "\n".join(batch))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 204:
            print("InfluxDB answered", answer.status, file=sys.stderr, flush=True)


threading.Thread(target=write_batches, daemon=True).start()
client = mqtt.Client()
client.on_connect = on_connect
client.on_message = on_message
client.connect("127.0.0.1", MQTT_PORT)
client.loop_forever()
