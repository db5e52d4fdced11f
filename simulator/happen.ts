// Carries out an entry of the timeline on one device: a fault of its sensors or its channel, or a happening that its model knows.
import { CHANNEL_FAULTS } from './channel.ts';
import type { ChannelFault } from './channel.ts';
import type { Member } from './member.ts';
import type { SensorFault } from './sensor.ts';
import type { Occurrence } from './timeline.ts';

export function happen(member: Member, device: number, occurrence: Occurrence, nowMs: number): void {
  const { event, args, fromMs, untilMs } = occurrence;
  if (event !== 'sensor-fault') {
    member.fleet.befall?.(device, { name: event, args, untilMs }, nowMs, member.report);
    return;
  }
  const fault = { ...args, fromMs, untilMs };
  if ((CHANNEL_FAULTS as readonly unknown[]).includes(args.fault))
    member.channel.impose(device, fault as unknown as ChannelFault);
  else member.sensor.impose(device, fault as unknown as SensorFault);
}
