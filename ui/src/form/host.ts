// What a form needs from the tablet around it. The tablet's window gives the real one; tests and the gallery give one in
// memory.
import type { AttachmentView } from '@/api/bindings/AttachmentView'
import type { Fix } from '@/api/bindings/Fix'

export interface FormHost {
  /** Saves all answers so far and the open page, durably. Rejects if that was not possible. */
  save(submissionXml: string, page: number): Promise<void>
  /** Keeps a file of the draft; a file of the same name is replaced. Answers with what is kept, pictures scaled. */
  attach(name: string, mediaType: string, bytes: Blob): Promise<AttachmentView>
  /** The bytes of a file kept before. */
  attachment(name: string): Promise<Blob>
  /**
   * The bytes behind an address of the form: `jr://file-csv/household.csv`, `jr://images/x.png`,
   * `jr://instance/last-saved`. `null` if there are none.
   */
  resource(url: string): Promise<Blob | null>
  /** Makes the draft what it is to become. `false` if the officer thought better of it: the form stays open. */
  finish(xml: string): Promise<boolean>
  /** Where the tablet is; `null` if it cannot know. */
  position(): Promise<Fix | null>
}
