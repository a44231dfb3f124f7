import { useParams, useSearchParams } from "react-router";
import { useAuth } from "../auth/useAuth.ts";
import { Message } from "../layout/Message.tsx";
import { Wizard } from "./Wizard.tsx";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export default function WizardPage() {
  const { id = "" } = useParams();
  const [search] = useSearchParams();
  const eventId = search.get("event") ?? undefined;
  const { user } = useAuth();
  if (!user) return null;
  if (!UUID.test(id) || (eventId !== undefined && !UUID.test(eventId)))
    return <Message title="Draft not found">The address is incomplete.</Message>;
  return <Wizard key={`${id} ${user.userId}`} sessionId={id} userId={user.userId} eventId={eventId} />;
}
