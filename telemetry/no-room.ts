// Why a record cannot even wait: far more wait already than were asked for. It was not taken and must not be acknowledged: its sender's
// connection ends, and it comes again.
export class NoRoom extends Error {}
